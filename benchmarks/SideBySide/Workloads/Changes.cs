using System.Diagnostics;
using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;
using Cistern.Benchmarks.SideBySide.Wire;
using Cistern.RemoteProtocol.Remote;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Calls that change volumes and pools.</summary>
internal static class Changes
{
    private const long GiB = 1L << 30;

    public static IEnumerable<Workload> Workloads(bool quick)
    {
        var volumes = quick ? 20 : 100;
        yield return Create("create-raw-tmpfs", "sparse raw, tmpfs", "raw", volumes, daemon => daemon.Memory, 0.35, 0.35);
        yield return Create("create-raw-disk", "sparse raw, disk", "raw", volumes, daemon => daemon.Disk, 0.6, null, cpu: 0.3);
        yield return Create("create-qcow2-tmpfs", "qcow2, tmpfs", "qcow2", volumes / 5, daemon => daemon.Memory, 0.02, null);
        yield return Create("create-qcow2-disk", "qcow2, disk", "qcow2", volumes / 5, daemon => daemon.Disk, 0.1, null);
        yield return new("allocate", 3, true,
            [new("create raw 1 GiB, fully allocated, disk", Unit.Milliseconds, 1), new("create raw 1 GiB, fully allocated, disk, server CPU", Unit.Milliseconds)],
            daemon => new Allocate(daemon));
        yield return new("define", 3, true,
            [new("define a pool, p50", Unit.Microseconds, 1), new("undefine a pool, p50", Unit.Microseconds)],
            daemon => new DefineUndefine(daemon, volumes));
    }

    public static double Microseconds(Action step)
    {
        var start = Stopwatch.GetTimestamp();
        step();
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
    }

    /// <summary>Defines a pool on a folder, which need not exist, of the pool's name.</summary>
    public static NonnullStoragePool DefinePool(RawClient client, string name, string parent)
    {
        var xml = $"<pool type='dir'><name>{name}</name><target><path>{parent}/{name}</path></target></pool>";
        return client.Call<StoragePoolDefineXmlArgs, StoragePoolDefineXmlRet>(RemoteProcedure.StoragePoolDefineXml, new(xml, 0)).Pool;
    }

    private static Workload Create(string name, string title, string format, int count, Func<Daemon, string> parent, double create, double? delete, double? cpu = null) => new(name, 3, true,
        [
            new($"create {title}, p50", Unit.Microseconds, create),
            new($"delete {title}, p50", Unit.Microseconds, delete),
            new($"create {title}, server CPU", Unit.Microseconds, cpu),
        ],
        daemon => new CreateDelete(new DirectoryPool(daemon, parent(daemon)), format, count));

    /// <summary>So many volumes of 1 GiB without data made, and deleted.</summary>
    internal sealed class CreateDelete(Pool pool, string format, int count) : IMeasurement
    {
        public double[] Measure()
        {
            var volumes = new NonnullStorageVol[count];
            var cpu = ProcessMeter.CpuSeconds(pool.Daemon.Pid);
            var creating = Enumerable.Range(0, count).Select(i => Microseconds(() => volumes[i] = pool.Create($"new-{i}", GiB, 0, format))).ToArray();
            cpu = ProcessMeter.CpuSeconds(pool.Daemon.Pid) - cpu;
            var deleting = volumes.Select(volume => Microseconds(() => pool.Delete(volume))).ToArray();
            return [Statistics.Median(creating), Statistics.Median(deleting), cpu / count * 1e6];
        }

        public void Dispose() => pool.Dispose();
    }

    private sealed class Allocate(Daemon daemon) : IMeasurement
    {
        private readonly DirectoryPool _pool = new(daemon, daemon.Disk);

        public double[] Measure()
        {
            NonnullStorageVol volume = default;
            var values = ServerWork.Measure(daemon, () => volume = _pool.Create("volume", GiB, GiB));
            _pool.Delete(volume);
            return values;
        }

        public void Dispose() => _pool.Dispose();
    }

    private sealed class DefineUndefine(Daemon daemon, int count) : IMeasurement
    {
        private readonly RawClient _client = RawClient.Open(daemon.Unix);

        public double[] Measure()
        {
            var pools = new NonnullStoragePool[count];
            var defining = Enumerable.Range(0, count).Select(i => Microseconds(() => pools[i] = DefinePool(_client, $"defined-{i}", daemon.Memory))).ToArray();
            var undefining = pools.Select(pool => Microseconds(() =>
                _client.Call(RemoteProcedure.StoragePoolUndefine, new StoragePoolUndefineArgs(pool)))).ToArray();
            return [Statistics.Median(defining), Statistics.Median(undefining)];
        }

        public void Dispose() => _client.Dispose();
    }
}
