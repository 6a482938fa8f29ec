using System.Runtime.InteropServices;

namespace Cistern.Storage.Host;

/// <summary>poll(2) for one descriptor.</summary>
internal static unsafe partial class PollCalls
{
    /// <summary>The event that is told though nobody asked for it.</summary>
    public const int Error = 8;

    private const int SocketLevel = 1;
    private const int ErrorOption = 4;

    /// <summary>Waits for events of a descriptor of a library's; those that there are, 0 when the time is over.</summary>
    /// <param name="descriptor">Negative: only the time passes.</param>
    public static int Wait(int descriptor, int events, int milliseconds)
    {
        Entry entry = new() { Descriptor = descriptor, Events = (short)events };
        int result;
        do
        {
            result = SystemCall.Result(Poll(&entry, 1, milliseconds));
        }
        while (result == -Errno.Interrupted);
        return result > 0 ? entry.Returned : 0;
    }

    /// <summary>The error number of a socket of which <see cref="Error"/> was told; it is told once.</summary>
    public static int TakeError(int socket)
    {
        int error = 0;
        uint size = sizeof(int);
        return GetOption(socket, SocketLevel, ErrorOption, &error, &size) < 0 ? 0 : error;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Entry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc.so.6", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(Entry* entries, nuint count, int milliseconds);

    [LibraryImport("libc.so.6", EntryPoint = "getsockopt", SetLastError = true)]
    private static partial int GetOption(int socket, int level, int option, void* value, uint* size);
}
