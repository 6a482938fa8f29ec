using System.Diagnostics;
using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;
using Cistern.Benchmarks.SideBySide.Wire;
using Cistern.RemoteProtocol.Remote;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Calls of one client while another's clone or wipe runs, with or without a refresh of 10,000 touched volumes beside it.</summary>
internal sealed class BesideChange : IMeasurement
{
    private const long GiB = 1L << 30;
    private const string Source = "volume-0";
    private const string Target = "clone";

    private readonly DirectoryPool _changed;
    private readonly DirectoryPool? _refreshed;
    private readonly Pool _asked;
    private readonly byte[] _change;
    private readonly byte[][] _questions;

    private BesideChange(Daemon daemon, bool wipes, bool refreshes)
    {
        _changed = new DirectoryPool(daemon, daemon.Memory, ImageFiles.Data(1, GiB, GiB));
        _refreshed = refreshes ? new DirectoryPool(daemon, daemon.Disk, ImageFiles.Raw(10_000)) : null;
        _asked = new DirectoryPool(daemon, daemon.Memory, ImageFiles.Raw(1));
        _change = wipes
            ? RawClient.Encode(RemoteProcedure.StorageVolWipe, new StorageVolWipeArgs(_changed.Volume(Source), 0))
            : RawClient.Encode(RemoteProcedure.StorageVolCreateXmlFrom, _changed.CloneRequest(_changed.Volume(Source), Target, GiB, GiB));
        _questions = refreshes ? EverySort() : [_changed.GetInfo];
    }

    public static IEnumerable<Workload> Workloads(bool quick)
    {
        yield return Of("beside-clone", "GetInfo on the pool of a 1 GiB clone", 0.5, 0.5, daemon => new BesideChange(daemon, wipes: false, refreshes: false));
        yield return Of("beside-wipe", "GetInfo on the pool of a 1 GiB wipe", 0.5, 0.5, daemon => new BesideChange(daemon, wipes: true, refreshes: false));
        yield return Of("beside-both", "look-ups, lists, info of the pools of a refresh and a clone", null, 0.02,
            daemon => new BesideChange(daemon, wipes: false, refreshes: true));

        Workload Of(string name, string title, double? p50, double? p99, Func<Daemon, IMeasurement> prepare) => new(name, quick ? 1 : 3, true,
            [new($"{title}, p50", Unit.Microseconds, p50), new($"{title}, p99", Unit.Microseconds, p99)],
            prepare);
    }

    public double[] Measure()
    {
        if (_refreshed is not null)
        {
            ImageFiles.Touch(_refreshed.Target);
            _refreshed.Client.Send(_refreshed.Refresh);
        }

        _changed.Client.Send(_change);
        var latencies = new List<double>();
        for (var next = 0; !_changed.Client.HasInput && _refreshed?.Client.HasInput != true; next = (next + 1) % _questions.Length)
        {
            var start = Stopwatch.GetTimestamp();
            _asked.Client.ExchangeAny(_questions[next]);
            latencies.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        _refreshed?.Client.Receive(out _);
        _changed.Client.Receive(out _);
        DeleteClone();
        var values = Statistics.AtAnyTime(latencies);
        return [Statistics.Median(values), Statistics.Percentile(values, 0.99)];
    }

    public void Dispose()
    {
        _asked.Dispose();
        _refreshed?.Dispose();
        _changed.Dispose();
    }

    private byte[][] EverySort() =>
    [
        _refreshed!.GetInfo,
        RawClient.Encode(RemoteProcedure.StorageVolLookupByName, new StorageVolLookupByNameArgs(_refreshed.Handle, "volume-00001.img")),
        RawClient.Encode(RemoteProcedure.StorageVolGetInfo, new StorageVolGetInfoArgs(_refreshed.Volume("volume-00002.img"))),
        RawClient.Encode(RemoteProcedure.ConnectListAllStoragePools, new ConnectListAllStoragePoolsArgs(1, 0)),
        RawClient.Encode(RemoteProcedure.StoragePoolListAllVolumes, new StoragePoolListAllVolumesArgs(_changed.Handle, 1, 0)),
        _changed.GetInfo,
    ];

    private void DeleteClone()
    {
        if (File.Exists(Path.Combine(_changed.Target, Target)))
        {
            _changed.Delete(_changed.Volume(Target));
        }
    }
}
