using System.Globalization;

namespace Cistern.Server.Services.Node;

/// <summary>Time that CPUs spent, from <c>/proc/stat</c> (proc_stat(5)).</summary>
public static class CpuTimes
{
    /// <summary>The kernel shows times to users in hundredths of a second.</summary>
    private const ulong NanosecondsPerTick = 10_000_000;

    /// <summary>Named times in nanoseconds of one CPU, or of all when <paramref name="cpu"/> is -1; null when there is no such CPU.</summary>
    public static IReadOnlyList<(string Name, ulong Nanoseconds)>? Read(KernelFiles files, int cpu)
    {
        var header = cpu < 0 ? "cpu " : $"cpu{cpu} ";
        if (files.Lines("/proc/stat").FirstOrDefault(line => line.StartsWith(header, StringComparison.Ordinal)) is not { } line)
        {
            return null;
        }

        // user nice system idle iowait irq softirq …; a kernel that knows fewer shows fewer.
        var ticks = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(word => ulong.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        ulong Sum(params int[] fields) => fields.Aggregate(0UL, (sum, field) => sum + ticks.ElementAtOrDefault(field)) * NanosecondsPerTick;
        return [("kernel", Sum(2, 5, 6)), ("user", Sum(0, 1)), ("idle", Sum(3)), ("iowait", Sum(4))];
    }
}
