using System.Diagnostics;
using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>StoragePoolRefresh of a large pool on a disk: once after every file was touched, once after nothing changed.</summary>
/// <param name="isCold">What the files hold has to come from the disk; what the kernel knows of the files stays in memory.</param>
internal sealed class Refreshing(Daemon daemon, int count, Contents contents, bool isCold) : IMeasurement
{
    private readonly DirectoryPool _pool = new(daemon, daemon.Disk, contents);

    public static IEnumerable<Workload> Workloads(bool quick)
    {
        yield return Of("refresh-raw", "10,000 raw", 10_000, ImageFiles.Raw(10_000), 0.3, 0.1);
        var chained = quick ? 1_000 : 5_000;
        var chains = ImageFiles.Qcow2Chains(chained, 4);
        yield return Of("refresh-qcow2", $"{chained} qcow2 in chains of 4", chained, chains, 0.2, 0.07);
        yield return Of("refresh-cold", $"{chained} qcow2 out of the page cache", chained, chains, 0.15, 0.02, isCold: true);

        Workload Of(string name, string title, int count, Contents contents, double touched, double unchanged, bool isCold = false) => new(name, quick ? 1 : 3, true,
            [
                new($"refresh {title}, all touched", Unit.Milliseconds, touched, Near: 0.5),
                new($"refresh {title}, all touched, CPU per volume", Unit.Microseconds, isCold ? null : touched, Near: 0.5),
                new($"refresh {title}, unchanged", Unit.Milliseconds, unchanged, Near: 0.5),
                new($"refresh {title}, unchanged, CPU per volume", Unit.Microseconds, isCold ? null : unchanged, Near: 0.5),
            ],
            daemon => new Refreshing(daemon, count, contents, isCold));
    }

    public double[] Measure()
    {
        ImageFiles.Touch(_pool.Target);
        var touched = Refresh();
        Thread.Sleep(DirectoryPool.Settling);
        Refresh();
        var unchanged = Refresh();
        return [touched.Milliseconds, touched.CpuMicroseconds, unchanged.Milliseconds, unchanged.CpuMicroseconds];
    }

    public void Dispose() => _pool.Dispose();

    private (double Milliseconds, double CpuMicroseconds) Refresh()
    {
        if (isCold)
        {
            PageCache.Drop(_pool.Target);
        }

        var cpu = ProcessMeter.CpuSeconds(daemon.Pid);
        var watch = Stopwatch.StartNew();
        _pool.Client.Exchange(_pool.Refresh);
        return (watch.Elapsed.TotalMilliseconds, (ProcessMeter.CpuSeconds(daemon.Pid) - cpu) / count * 1e6);
    }
}
