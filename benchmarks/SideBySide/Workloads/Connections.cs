using System.Diagnostics;
using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;
using Cistern.Benchmarks.SideBySide.Wire;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Connections that come and go, and connections that only stay.</summary>
internal static class Connections
{
    public static IEnumerable<Workload> Workloads(bool quick)
    {
        yield return Cycles("connect-1", "1 thread", 1, quick ? 1_000 : 4_000);
        yield return Cycles("connect-8", "8 threads", 8, quick ? 250 : 1_000);
        var idle = quick ? 1_000 : 4_000;
        yield return new("idle", 1, false,
            [
                new($"opening {idle} connections", Unit.Seconds, 0.02),
                new($"GetInfo p50 with {idle} idle connections", Unit.Microseconds, quick ? 0.02 : 0.006, Near: 0.05),
                new($"GetInfo CPU per call with {idle} idle connections", Unit.Microseconds),
                new("RSS per idle connection", Unit.KibiBytes, 1.5),
                new($"first reply after closing {idle} at once", Unit.Milliseconds, 0.2),
            ],
            daemon => new Idle(daemon, idle));
    }

    private static Workload Cycles(string name, string title, int threads, int cycles) => new(name, 3, true,
        [
            new($"connect, open, close; {title}", Unit.PerSecond, 4),
            new($"connect, open, close; {title}, server CPU", Unit.Microseconds, 0.2),
        ],
        daemon => new Cycle(daemon, threads, cycles));

    private sealed class Cycle(Daemon daemon, int threads, int cycles) : IMeasurement
    {
        public double[] Measure()
        {
            var cpu = ProcessMeter.CpuSeconds(daemon.Pid);
            var watch = Stopwatch.StartNew();
            using (var workers = new Workers(threads, Run))
            {
                workers.Join();
            }

            var seconds = watch.Elapsed.TotalSeconds;
            cpu = ProcessMeter.CpuSeconds(daemon.Pid) - cpu;
            var count = threads * cycles;
            return [count / seconds, cpu / count * 1e6];
        }

        private void Run()
        {
            for (var i = 0; i < cycles; i++)
            {
                using var client = RawClient.Open(daemon.Unix);
                client.Close();
            }
        }
    }

    /// <summary>One round only: libvirtd needs half a minute to take 4,000 connections.</summary>
    private sealed class Idle(Daemon daemon, int count) : IMeasurement
    {
        private const int Calls = 200;

        public double[] Measure()
        {
            using var pool = new DirectoryPool(daemon, daemon.Memory);
            RoundTrip.Latencies(pool.Client, pool.GetInfo, Calls);
            var memory = ProcessMeter.Memory(daemon.Pid).Resident;
            var watch = Stopwatch.StartNew();
            var idle = Enumerable.Range(0, count).Select(_ => RawClient.Open(daemon.Unix, bufferSize: 1024)).ToArray();
            var opening = watch.Elapsed.TotalSeconds;
            memory = ProcessMeter.Memory(daemon.Pid).Resident - memory;

            var cpu = ProcessMeter.CpuSeconds(daemon.Pid);
            var latency = Statistics.Median(RoundTrip.Latencies(pool.Client, pool.GetInfo, Calls));
            cpu = ProcessMeter.CpuSeconds(daemon.Pid) - cpu;

            watch.Restart();
            Array.ForEach(idle, client => client.Dispose());
            pool.Client.Exchange(pool.GetInfo);
            return [opening, latency, cpu / Calls * 1e6, memory / count / 1024, watch.Elapsed.TotalMilliseconds];
        }
    }
}
