using System.Globalization;
using System.Runtime.InteropServices;

namespace Cistern.Benchmarks.SideBySide.Daemons;

/// <summary>What a process has used, as the kernel counts it.</summary>
internal static partial class ProcessMeter
{
    /// <summary>CPU time of all threads, ended ones included; seconds.</summary>
    public static double CpuSeconds(int pid)
    {
        // The clock of another process, as clock_getcpuclockid(3) makes it: /proc/PID/stat counts in ticks of 10 ms.
        var status = ClockGetTime((~pid << 3) | 2, out var time);
        return status == 0 ? time.Seconds + (time.Nanoseconds / 1e9) : throw new InvalidOperationException($"process {pid} is gone");
    }

    /// <summary>Resident, proportional and private dirty memory; bytes.</summary>
    public static (double Resident, double Proportional, double PrivateDirty) Memory(int pid)
    {
        var lines = File.ReadAllLines($"/proc/{pid}/smaps_rollup");
        return (Field("Rss:"), Field("Pss:"), Field("Private_Dirty:"));

        double Field(string name) =>
            1024 * double.Parse(lines.First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    public static void Terminate(int pid) => _ = Kill(pid, 15);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out Timespec time);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
