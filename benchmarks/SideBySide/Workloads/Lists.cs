using System.Diagnostics;
using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;
using Cistern.Benchmarks.SideBySide.Wire;
using Cistern.RemoteProtocol.Remote;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Reads of many volumes or pools: the list of all, each one's XML.</summary>
internal static class Lists
{
    public static IEnumerable<Workload> Workloads(bool quick)
    {
        yield return new("list-1k", 5, true,
            [new("ListAllVolumes of 1,000, raw client", Unit.Milliseconds, 0.05), new("ListAllVolumes of 1,000, server CPU", Unit.Milliseconds)],
            daemon => new List(daemon, 1_000));
        yield return new("list-10k", 5, true,
            [new("ListAllVolumes of 10,000, raw client", Unit.Milliseconds, 0.05), new("ListAllVolumes of 10,000, server CPU", Unit.Milliseconds)],
            daemon => new List(daemon, 10_000));
        var pools = quick ? 500 : 4_000;
        yield return new("list-pools", 5, true, [new($"ListAllStoragePools of {pools}, raw client", Unit.Milliseconds, 0.2)],
            daemon => new ListPools(daemon, pools));
        var volumes = quick ? 200 : 1_000;
        yield return new("xml-raw", 3, true, [new("VolGetXMLDesc, raw format, p50", Unit.Microseconds, 0.35)],
            daemon => new Describe(daemon, ImageFiles.Raw(volumes)));
        yield return new("xml-qcow2", 3, true, [new("VolGetXMLDesc, qcow2 with backing file, p50", Unit.Microseconds, 0.35)],
            daemon => new Describe(daemon, ImageFiles.Qcow2Chains(volumes, 2)));
    }

    private static byte[] ListRequest(Pool pool) =>
        RawClient.Encode(RemoteProcedure.StoragePoolListAllVolumes, new StoragePoolListAllVolumesArgs(pool.Handle, 1, 0));

    private sealed class List(Daemon daemon, int count) : IMeasurement
    {
        private const int Calls = 20;
        private readonly DirectoryPool _pool = new(daemon, daemon.Memory, ImageFiles.Raw(count));

        public double[] Measure()
        {
            var cpu = ProcessMeter.CpuSeconds(daemon.Pid);
            var latency = Statistics.Median(RoundTrip.Latencies(_pool.Client, ListRequest(_pool), Calls));
            cpu = ProcessMeter.CpuSeconds(daemon.Pid) - cpu;
            return [latency / 1e3, cpu / Calls * 1e3];
        }

        public void Dispose() => _pool.Dispose();
    }

    /// <summary>Many defined pools, in a daemon of their own: the others would be slower to list theirs.</summary>
    private sealed class ListPools : IMeasurement
    {
        private const int Calls = 20;
        private readonly Daemon _daemon;
        private readonly RawClient _client;

        public ListPools(Daemon daemon, int count)
        {
            _daemon = daemon.Another("-pools");
            _daemon.Start();
            _client = RawClient.Open(_daemon.Unix);
            for (var i = 0; i < count; i++)
            {
                Changes.DefinePool(_client, $"defined-{i}", _daemon.Memory);
            }
        }

        public double[] Measure()
        {
            var request = RawClient.Encode(RemoteProcedure.ConnectListAllStoragePools, new ConnectListAllStoragePoolsArgs(1, 0));
            return [Statistics.Median(RoundTrip.Latencies(_client, request, Calls)) / 1e3];
        }

        public void Dispose()
        {
            _client.Dispose();
            _daemon.Dispose();
        }
    }

    private sealed class Describe(Daemon daemon, Contents contents) : IMeasurement
    {
        private readonly DirectoryPool _pool = new(daemon, daemon.Memory, contents);

        public double[] Measure()
        {
            var requests = _pool.Volumes().Select(volume => RawClient.Encode(RemoteProcedure.StorageVolGetXmlDesc, new StorageVolGetXmlDescArgs(volume, 0)));
            return [Statistics.Median([.. requests.Select(Time)])];
        }

        public void Dispose() => _pool.Dispose();

        private double Time(byte[] request)
        {
            var start = Stopwatch.GetTimestamp();
            _pool.Client.Exchange(request);
            return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }
    }
}
