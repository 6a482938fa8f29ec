using System.Diagnostics;
using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;
using Cistern.Benchmarks.SideBySide.Wire;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>StoragePoolGetInfo with several calls outstanding on each of several connections, from one client thread.</summary>
internal sealed class Pipelining : IMeasurement
{
    private readonly Pool _pool;
    private readonly RawClient[] _clients;
    private readonly byte[] _requests;
    private readonly int _requestSize;
    private readonly int _depth;
    private readonly int _calls;

    private Pipelining(Daemon daemon, Endpoint endpoint, int connections, int depth, int calls)
    {
        _pool = new DirectoryPool(daemon, daemon.Memory);
        _clients = [.. Enumerable.Range(0, connections).Select(_ => RawClient.Open(endpoint))];
        var request = _pool.GetInfo;
        _requests = [.. Enumerable.Repeat(request, depth).SelectMany(bytes => bytes)];
        (_requestSize, _depth, _calls) = (request.Length, depth, calls);
    }

    public static IEnumerable<Workload> Workloads(bool quick)
    {
        var calls = quick ? 5_000 : 20_000;
        yield return Of("pipeline-1x5", "1 connection, 5 outstanding", 1, 5, 10);
        yield return Of("pipeline-1x32", "1 connection, 32 outstanding", 1, 32, 20);
        yield return Of("pipeline-8x5", "8 connections, 5 outstanding each", 8, 5, 12);
        yield return Of("pipeline-64x5", "64 connections, 5 outstanding each", 64, 5, 15, cpuTarget: 0.06);
        yield return Of("pipeline-tcp", "tcp, 64 connections, 5 outstanding each", 64, 5, 10, tcp: true);

        Workload Of(string name, string title, int connections, int depth, double target, double? cpuTarget = null, bool tcp = false) => new(name, 3, true,
            [
                new($"GetInfo {title}", Unit.PerSecond, target),
                new($"GetInfo {title}, server CPU per call", Unit.Microseconds, cpuTarget),
            ],
            daemon => new Pipelining(daemon, tcp ? daemon.Tcp : daemon.Unix, connections, depth, calls));
    }

    public double[] Measure()
    {
        var cpu = ProcessMeter.CpuSeconds(_pool.Daemon.Pid);
        var watch = Stopwatch.StartNew();
        foreach (var client in _clients)
        {
            Send(client, _depth);
        }

        var received = 0;
        while (received < _calls)
        {
            foreach (var client in _clients)
            {
                var replies = client.ReceiveReplies();
                received += replies;
                Send(client, replies);
            }
        }

        var seconds = watch.Elapsed.TotalSeconds;
        cpu = ProcessMeter.CpuSeconds(_pool.Daemon.Pid) - cpu;
        foreach (var client in _clients)
        {
            for (var outstanding = _depth; outstanding > 0; outstanding -= client.ReceiveReplies())
            {
            }
        }

        return [received / seconds, cpu / received * 1e6];
    }

    public void Dispose()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        _pool.Dispose();
    }

    private void Send(RawClient client, int count) => client.SendAll(_requests.AsSpan(0, count * _requestSize));
}
