using System.Runtime.InteropServices;

namespace Cistern.Server.Transport;

/// <summary>
/// Short turns on the processor for a thread that does little and should do it at once: when it wakes up, the kernel (6.12 and later) takes the processor from
/// threads with longer turns, as those that scan or copy have, instead of letting them finish theirs (sched_setattr(2), sched_runtime).
/// </summary>
internal static unsafe partial class ShortTurns
{
    /// <summary>Nanoseconds; the shortest that there is.</summary>
    private const ulong Turn = 100_000;

    private static readonly nint SetAttributes = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 274 : 314;

    /// <summary>Asks for them, for the calling thread; where that is refused all stays as it is.</summary>
    public static void Ask()
    {
        Attributes attributes = new() { Size = (uint)sizeof(Attributes), Runtime = Turn };
        _ = SystemCall(SetAttributes, 0, &attributes, 0);
    }

    [LibraryImport("libc.so.6", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, int thread, Attributes* attributes, uint flags);

    /// <summary>struct sched_attr of an ordinary thread (policy 0, nice 0).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Attributes
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Nice;
        public uint Priority;
        public ulong Runtime;
        public ulong Deadline;
        public ulong Period;
    }
}
