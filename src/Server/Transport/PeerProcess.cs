using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace Cistern.Server.Transport;

/// <summary>The process that connected to a unix socket.</summary>
internal static class PeerProcess
{
    private const int SoPeerPidFd = 77;

    /// <summary>When the process started. A process that has ended has left its number to others: where the kernel gives a hold of the peer
    /// (SO_PEERPIDFD, Linux 6.5), what was read counts only if the peer is still there.</summary>
    /// <returns>Null when it has ended, or cannot be seen.</returns>
    public static unsafe ulong? ReadStartTime(SocketHandle socket, int process)
    {
        int descriptor;
        var length = sizeof(int);
        var hasHold = LinuxSockets.GetOption(socket, LinuxSockets.SolSocket, SoPeerPidFd, &descriptor, &length) == 0;
        if (!hasHold)
        {
            return Marshal.GetLastPInvokeError() == LinuxSockets.ENOPROTOOPT ? ReadStartTime(process) : null;
        }

        using var peer = new SocketHandle(descriptor);
        var start = ReadStartTime(process);

        // A process that has ended makes its descriptor readable.
        return LinuxSockets.IsReadable(peer) ? null : start;
    }

    /// <summary>Field 22 of /proc/PID/stat (proc(5)). The second one, the name in parentheses, may hold anything.</summary>
    public static ulong? ReadStartTime(int process)
    {
        const int StartTimeBehindName = 19;
        const int MaxLength = 1024;
        try
        {
            Span<byte> buffer = stackalloc byte[MaxLength];
            using var file = File.OpenHandle($"/proc/{process}/stat", share: FileShare.ReadWrite);
            ReadOnlySpan<byte> stat = buffer[..RandomAccess.Read(file, buffer, 0)];
            var rest = stat[(stat.LastIndexOf((byte)')') + 2)..];
            for (var field = 0; field < StartTimeBehindName; field++)
            {
                rest = rest[(rest.IndexOf((byte)' ') + 1)..];
            }

            return Utf8Parser.TryParse(rest, out ulong start, out _) ? start : null;
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
