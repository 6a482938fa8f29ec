using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Blocks;

/// <summary>What every pool does whose volumes are block devices of this host. Devices that come and go are noticed through udev.</summary>
public abstract class BlockPoolBackend : IStorageBackend, IVolumeData, IVolumeWiping, IPoolWatch
{
    public abstract PoolTypeInfo Info { get; }

    public abstract ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation);

    public ValueTask<IVolumeExtents> OpenAsync(PoolContext pool, VolumeDefinition volume, FileAccess access, CancellationToken cancellation) =>
        FileExtents.OpenAsync(pool, volume, access, cancellation);

    public virtual ValueTask WipeAsync(
        PoolContext pool, VolumeDefinition volume, uint algorithm, JobProgress progress, CancellationToken cancellation) =>
        FileWipe.RunAsync(pool, volume, algorithm, progress, cancellation);

    public ValueTask<IPoolWatcher> WatchAsync(PoolContext pool, IPoolChanges changes, CancellationToken cancellation) =>
        ValueTask.FromResult<IPoolWatcher>(new DeviceWatch(pool.Host.Devices, changes));
}
