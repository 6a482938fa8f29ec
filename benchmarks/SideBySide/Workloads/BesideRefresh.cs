using System.Diagnostics;
using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;
using Cistern.Benchmarks.SideBySide.Wire;
using Cistern.RemoteProtocol.Remote;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Calls of one client while another's refresh of a pool of 10,000 touched volumes runs.</summary>
internal sealed class BesideRefresh : IMeasurement
{
    private readonly DirectoryPool _refreshed;
    private readonly Pool _other;
    private readonly RawClient[] _crowd;
    private readonly byte[] _request;
    private readonly int _refreshes;

    private BesideRefresh(Daemon daemon, int refreshes, Func<Pool, Pool, byte[]> request, int crowd)
    {
        _refreshed = new DirectoryPool(daemon, daemon.Disk, ImageFiles.Raw(10_000));
        _other = new DirectoryPool(daemon, daemon.Memory);
        _crowd = [.. Enumerable.Range(0, crowd).Select(_ => RawClient.Open(daemon.Unix))];
        (_refreshes, _request) = (refreshes, request(_refreshed, _other));
    }

    public static IEnumerable<Workload> Workloads(bool quick)
    {
        yield return Of("beside-own", "GetInfo on the pool being refreshed", (refreshed, _) => refreshed.GetInfo, null, p99: 0.01, near: 0.05);
        yield return Of("beside-other", "GetInfo on another pool during a refresh", (_, other) => other.GetInfo, 0.5, 0.5);
        yield return Of("beside-pools", "ListAllStoragePools during a refresh",
            (_, _) => RawClient.Encode(RemoteProcedure.ConnectListAllStoragePools, new ConnectListAllStoragePoolsArgs(1, 0)), 0.01);
        yield return Of("beside-path", "look-up of an unknown path during a refresh",
            (_, _) => RawClient.Encode(RemoteProcedure.StorageVolLookupByPath, new StorageVolLookupByPathArgs("/nowhere/volume")), 0.01);
        yield return Of("beside-crowd", "GetInfo on another pool, 25 clients ask the refreshed one", (_, other) => other.GetInfo, null, 0.02, crowd: 25);

        Workload Of(string name, string title, Func<Pool, Pool, byte[]> request, double? p50, double? p99 = null, double? near = null, int crowd = 0) =>
            new(name, quick ? 1 : 3, true,
            [
                new($"{title}, p50", Unit.Microseconds, p50),
                new($"{title}, p99", Unit.Microseconds, p99, near),
            ],
            daemon => new BesideRefresh(daemon, quick ? 2 : 4, request, crowd));
    }

    public double[] Measure()
    {
        var latencies = new List<double>();
        for (var i = 0; i < _refreshes; i++)
        {
            ImageFiles.Touch(_refreshed.Target);
            _refreshed.Client.Send(_refreshed.Refresh);
            Array.ForEach(_crowd, client => client.Send(_refreshed.GetInfo));
            while (!_refreshed.Client.HasInput)
            {
                var start = Stopwatch.GetTimestamp();
                _other.Client.ExchangeAny(_request);
                latencies.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            }

            _refreshed.Client.Receive(out _);
            Array.ForEach(_crowd, client => client.Receive(out _));
        }

        var values = Statistics.AtAnyTime(latencies);
        return [Statistics.Median(values), Statistics.Percentile(values, 0.99)];
    }

    public void Dispose()
    {
        Array.ForEach(_crowd, client => client.Dispose());
        _other.Dispose();
        _refreshed.Dispose();
    }
}
