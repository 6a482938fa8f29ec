using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;
using Cistern.RemoteProtocol.Remote;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>A volume made from another.</summary>
internal static class Cloning
{
    private const long GiB = 1L << 30;
    private const long MiB = 1L << 20;

    public static IEnumerable<Workload> Workloads(bool quick)
    {
        // A clone that asks for its whole allocation promises the space; one of a sparse volume, or on a file system that shares blocks, does not.
        yield return Of("clone-full-tmpfs", "clone 1 GiB raw, tmpfs", 0.8, daemon => InDirectory(daemon, daemon.Memory, ImageFiles.Data(1, GiB, GiB), GiB));
        yield return Of("clone-sparse-tmpfs", "clone 1 GiB raw with 64 MiB data, tmpfs", 0.3,
            daemon => InDirectory(daemon, daemon.Memory, ImageFiles.Data(1, GiB, 64 * MiB), 64 * MiB));
        yield return Of("clone-sparse-disk", "clone 1 GiB raw with 64 MiB data, disk", 0.3,
            daemon => InDirectory(daemon, daemon.Disk, ImageFiles.Data(1, GiB, 64 * MiB), 64 * MiB));
        yield return OnMount("clone-xfs", "xfs");
        yield return OnMount("clone-btrfs", "btrfs");
        if (!quick)
        {
            yield return Of("clone-full-disk", "clone 1 GiB raw, disk", 0.85, daemon => InDirectory(daemon, daemon.Disk, ImageFiles.Data(1, GiB, GiB), GiB));
            yield return Of("clone-qcow2-disk", "clone 1 GiB qcow2 to raw, disk", 1,
                daemon => InDirectory(daemon, daemon.Disk, ImageFiles.Qcow2Data(GiB), GiB));
        }

        Workload OnMount(string name, string fileSystem) =>
            Of(name, $"clone 1 GiB raw, {fileSystem}, sparse request", 0.01, daemon => new OnLoopMount(daemon, fileSystem));

        Workload Of(string name, string title, double target, Func<Daemon, IMeasurement> prepare) => new(name, quick ? 1 : 3, true,
            [new(title, Unit.Milliseconds, target), new($"{title}, server CPU", Unit.Milliseconds, target)],
            prepare);
    }

    private static Clone InDirectory(Daemon daemon, string parent, Contents contents, long allocation)
    {
        var pool = new DirectoryPool(daemon, parent, contents);
        return new Clone(pool, pool, GiB, allocation);
    }

    /// <summary>A volume of one pool made of <c>volume-0</c> of another, or of the same.</summary>
    internal sealed class Clone(Pool pool, Pool source, long capacity, long allocation) : IMeasurement
    {
        public double[] Measure()
        {
            NonnullStorageVol clone = default;
            var request = pool.CloneRequest(source.Volume("volume-0"), "clone", capacity, allocation);
            var values = ServerWork.Measure(pool.Daemon, () => clone = pool.Client.Call<StorageVolCreateXmlFromArgs, StorageVolCreateXmlFromRet>(
                RemoteProcedure.StorageVolCreateXmlFrom, request).Vol);
            pool.Delete(clone);
            return values;
        }

        public void Dispose()
        {
            pool.Dispose();
            if (source != pool)
            {
                source.Dispose();
            }
        }
    }

    private sealed class OnLoopMount : IMeasurement
    {
        private readonly LoopMount _mount;
        private readonly Clone _clone;

        public OnLoopMount(Daemon daemon, string fileSystem)
        {
            _mount = new LoopMount(daemon.Disk, fileSystem);
            try
            {
                _clone = InDirectory(daemon, _mount.Path, ImageFiles.Data(1, GiB, GiB), allocation: 0);
            }
            catch
            {
                _mount.Dispose();
                throw;
            }
        }

        public double[] Measure() => _clone.Measure();

        public void Dispose()
        {
            _clone.Dispose();
            _mount.Dispose();
        }
    }
}
