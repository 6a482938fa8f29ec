using System.Runtime.InteropServices;

namespace Cistern.Storage.Host;

/// <summary>poll(2) for one descriptor.</summary>
internal static unsafe partial class PollCalls
{
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

    [StructLayout(LayoutKind.Sequential)]
    private struct Entry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc.so.6", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(Entry* entries, nuint count, int milliseconds);
}
