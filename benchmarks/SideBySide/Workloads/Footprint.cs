using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Start-up and memory, each of a daemon of its own.</summary>
internal static class Footprint
{
    public static IEnumerable<Workload> Workloads(bool quick)
    {
        yield return new("start-up", quick ? 3 : 7, true,
            [
                new("start to first answered open", Unit.Milliseconds, 0.35),
                new("start to first answered open, CPU", Unit.Milliseconds),
                new("idle RSS", Unit.MebiBytes, 1),
                new("idle Pss", Unit.MebiBytes, 2),
                new("idle private dirty", Unit.MebiBytes),
            ],
            daemon => new StartUp(daemon));
        yield return new("memory-10k", 1, false,
            [
                new("Pss with a pool of 10,000 raw volumes, fresh", Unit.MebiBytes, 1),
                new("Pss with a pool of 10,000 raw volumes, 5 s after 20 refreshes", Unit.MebiBytes, 0.5),
            ],
            daemon => new LargePool(daemon));
    }

    private static double MebiBytes(double bytes) => bytes / (1 << 20);

    private sealed class StartUp(Daemon daemon) : IMeasurement
    {
        public double[] Measure()
        {
            using var fresh = daemon.Another("-start-up");
            fresh.Start();
            var cpu = ProcessMeter.CpuSeconds(fresh.Pid);
            var (resident, proportional, dirty) = ProcessMeter.Memory(fresh.Pid);
            return [fresh.StartUp.TotalMilliseconds, cpu * 1e3, MebiBytes(resident), MebiBytes(proportional), MebiBytes(dirty)];
        }
    }

    private sealed class LargePool(Daemon daemon) : IMeasurement
    {
        /// <summary>What counts is what a daemon keeps, not what it used for a moment.</summary>
        private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

        public double[] Measure()
        {
            using var fresh = daemon.Another("-memory");
            fresh.Start();
            using var pool = new DirectoryPool(fresh, fresh.Disk, ImageFiles.Raw(10_000));
            var before = ProcessMeter.Memory(fresh.Pid).Proportional;
            for (var i = 0; i < 20; i++)
            {
                ImageFiles.Touch(pool.Target);
                pool.Client.Exchange(pool.Refresh);
            }

            pool.Volumes();
            Thread.Sleep(Rest);
            return [MebiBytes(before), MebiBytes(ProcessMeter.Memory(fresh.Pid).Proportional)];
        }
    }
}
