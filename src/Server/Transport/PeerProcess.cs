using System.Globalization;
using System.Runtime.InteropServices;

namespace Cistern.Server.Transport;

/// <summary>The process that connected to a unix socket.</summary>
internal static class PeerProcess
{
    private const int SoPeerPidFd = 77;

    /// <summary>When the process started. A process that has ended has left its number to others: where the kernel gives a hold of the peer
    /// (SO_PEERPIDFD, Linux 6.5), what was read counts only if the peer is still there.</summary>
    /// <returns>Null when it has ended, or cannot be seen.</returns>
    public static unsafe ulong? StartTime(SocketHandle socket, int process)
    {
        int descriptor;
        var length = sizeof(int);
        var hasHold = LinuxSockets.GetOption(socket, LinuxSockets.SolSocket, SoPeerPidFd, &descriptor, &length) == 0;
        if (!hasHold)
        {
            return Marshal.GetLastPInvokeError() == LinuxSockets.ENOPROTOOPT ? StartTime(process) : null;
        }

        using var peer = new SocketHandle(descriptor);
        var start = StartTime(process);

        // A process that has ended makes its descriptor readable.
        return LinuxSockets.IsReadable(peer) ? null : start;
    }

    /// <summary>Field 22 of /proc/PID/stat (proc(5)). The second one, the name in parentheses, may hold anything.</summary>
    public static ulong? StartTime(int process)
    {
        const int StartTimeBehindName = 19;
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return ulong.Parse(fields[StartTimeBehindName], NumberStyles.None, CultureInfo.InvariantCulture);
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
