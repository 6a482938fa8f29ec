using System.Diagnostics;
using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;
using Cistern.Benchmarks.SideBySide.Wire;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>StoragePoolGetInfo, one call after the other on one connection.</summary>
internal sealed class RoundTrip(Daemon daemon, Endpoint endpoint, int calls) : IMeasurement
{
    private readonly DirectoryPool _pool = new(daemon, daemon.Memory);
    private readonly RawClient _client = RawClient.Open(endpoint);

    public static IEnumerable<Workload> Workloads(bool quick)
    {
        var calls = quick ? 2_000 : 5_000;
        yield return new("getinfo-unix", 5, true,
            [
                new("GetInfo round trip unix raw, p50", Unit.Microseconds, 0.25, Near: 0.6),
                new("GetInfo unix raw, server CPU per call", Unit.Microseconds, 0.2),
                new("GetInfo unix raw, calls", Unit.PerSecond, 4),
            ],
            daemon => new RoundTrip(daemon, daemon.Unix, calls));
        yield return new("getinfo-tcp", 5, true,
            [
                new("GetInfo round trip tcp raw, p50", Unit.Microseconds, 0.35, Near: 0.6),
                new("GetInfo tcp raw, server CPU per call", Unit.Microseconds),
                new("GetInfo tcp raw, calls", Unit.PerSecond),
            ],
            daemon => new RoundTrip(daemon, daemon.Tcp, calls));
    }

    public double[] Measure()
    {
        var request = _pool.GetInfo;
        var cpu = ProcessMeter.CpuSeconds(daemon.Pid);
        var watch = Stopwatch.StartNew();
        var latencies = Latencies(_client, request, calls);
        var seconds = watch.Elapsed.TotalSeconds;
        cpu = ProcessMeter.CpuSeconds(daemon.Pid) - cpu;
        return [Statistics.Median(latencies), cpu / calls * 1e6, calls / seconds];
    }

    /// <summary>Microseconds of each of that many calls.</summary>
    public static double[] Latencies(RawClient client, byte[] request, int calls)
    {
        var latencies = new double[calls];
        for (var i = 0; i < calls; i++)
        {
            var start = Stopwatch.GetTimestamp();
            client.Exchange(request);
            latencies[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        return latencies;
    }

    public void Dispose()
    {
        _client.Dispose();
        _pool.Dispose();
    }
}
