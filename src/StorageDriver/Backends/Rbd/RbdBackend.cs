using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>Images in a pool of a Ceph cluster, through librados and librbd. A running pool keeps its connection, so none runs when the server starts.</summary>
public sealed class RbdBackend
    : IStorageBackend, IPoolActivation, IPoolWatch, IPoolNumbers, IVolumeCreation, IVolumeCloning, IVolumeDeletion, IVolumeResizing, IVolumeData, IVolumeWiping,
        IVolumeRefresh, ISourceDiscovery
{
    private const uint Zeroed = 1;
    private const uint WithSnapshots = 2;
    private const uint Shrink = 4;
    private const uint WipeZero = 0;
    private const uint WipeTrim = 9;

    public PoolTypeInfo Info => RbdPoolType.Info;

    public ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.FromResult(false);

    public async ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation) =>
        await RbdSession.OpenAsync(pool, cancellation).ConfigureAwait(false);

    public ValueTask StopAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation) => RbdScan.RunAsync(pool, cancellation);

    public ValueTask<IPoolWatcher> WatchAsync(PoolContext pool, IPoolChanges changes, CancellationToken cancellation) => RbdWatch.StartAsync(pool);

    public async ValueTask<PoolNumbers> GetNumbersAsync(PoolContext pool, CancellationToken cancellation) =>
        await pool.Threads.RunAsync(() => RbdSession.Of(pool).Numbers(pool.Definition.Source.Name!), cancellation).ConfigureAwait(false);

    public ValueTask<ScannedVolume?> RefreshVolumeAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation) =>
        RbdScan.FindAsync(pool, volume.Name);

    public ValueTask<ScannedVolume?> FindVolumeAsync(PoolContext pool, string name, CancellationToken cancellation) => RbdScan.FindAsync(pool, name);

    /// <exception cref="StorageException">67/18: not raw, or encrypted; 8/18: flags; 3/18: no capacity; 55/18: the name.</exception>
    public ValueTask<VolumeChange> AllocateAsync(PoolContext pool, VolumeDefinition request, uint flags, CancellationToken cancellation)
    {
        if (request.Target.Format is not (null or FileFormats.Default))
        {
            throw StorageErrors.RawOnly(Info.Name);
        }

        if (flags != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "creation of a volume");
        }

        if (request.Capacity == 0)
        {
            throw StorageErrors.CapacityRequired(request.Name);
        }

        if (request.Target.Encryption is not null)
        {
            throw StorageErrors.EncryptionNotSupported(Info.Name);
        }

        if (request.Name.AsSpan().ContainsAny('/', '@', '\0') || FileNames.HasControlCharacters(request.Name) || FileNames.IsPart(request.Name))
        {
            throw StorageErrors.ImageNameNotPossible(request.Name);
        }

        string path = RbdScan.Path(pool.Definition, request.Name);
        VolumeTarget target = request.Target with { Path = path, Format = FileFormats.Default };
        return ValueTask.FromResult(new VolumeChange(request with { Kind = VolumeKind.Network, Key = path, Target = target }));
    }

    /// <summary>Features and size of objects are those of the pool's options, or the cluster's.</summary>
    public ValueTask BuildAsync(PoolContext pool, VolumeDefinition volume, uint flags, JobProgress progress, CancellationToken cancellation) =>
        RbdClone.CreateAsync(pool, volume, cancellation);

    public async ValueTask BuildFromAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        if (source.Pool.Definition.Uuid != pool.Definition.Uuid)
        {
            await RbdClone.CopyAsync(this, pool, volume, source, progress, cancellation).ConfigureAwait(false);
            return;
        }

        await RbdClone.CloneAsync(pool, volume, source.Volume).ConfigureAwait(false);
        if (volume.Capacity > source.Volume.Capacity)
        {
            await using Undo undo = new(pool.Host.Loggers.CreateLogger<RbdBackend>());
            undo.Add(async () => await LongCall.RunAsync(() => RbdCalls.Remove(RbdSession.Of(pool).Pool, volume.Name)).ConfigureAwait(false));
            await ResizeAsync(pool, volume, volume.Capacity, 0, cancellation).ConfigureAwait(false);
            undo.Commit();
        }
    }

    /// <exception cref="StorageException">8/18: flags; 38/18: clones or clients use it, or it has snapshots that are not to go.</exception>
    public async ValueTask<VolumeChange> DeleteAsync(PoolContext pool, VolumeDefinition volume, uint flags, CancellationToken cancellation)
    {
        if ((flags & ~(Zeroed | WithSnapshots)) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags & ~(Zeroed | WithSnapshots), "deletion of a volume");
        }

        RbdSession session = RbdSession.Of(pool);
        string path = volume.Target.Path!;
        if ((flags & WithSnapshots) != 0)
        {
            RbdImage image = await OpenAsync(session, volume).ConfigureAwait(false);
            await using (image.ConfigureAwait(false))
            {
                await image.CallLongAsync(handle =>
                {
                    RbdSnapshots.RemoveAll(handle, path);
                    return 0;
                }).ConfigureAwait(false);
            }
        }

        int result = await LongCall.RunAsync(() => RbdCalls.Remove(session.Pool, volume.Name)).ConfigureAwait(false);
        RbdSnapshots.Check(result == -Errno.NoEntry ? 0 : result, "remove", path);
        return new VolumeChange(null);
    }

    /// <exception cref="StorageException">8/18: it is to be allocated; 38/18.</exception>
    public async ValueTask ResizeAsync(PoolContext pool, VolumeDefinition volume, ulong capacity, uint flags, CancellationToken cancellation)
    {
        if ((flags & ~Shrink) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags & ~Shrink, "change of a volume's capacity");
        }

        RbdImage image = await OpenAsync(RbdSession.Of(pool), volume).ConfigureAwait(false);
        await using (image.ConfigureAwait(false))
        {
            int result = await image.CallLongAsync(handle => RbdCalls.Resize(handle, capacity)).ConfigureAwait(false);
            RbdSnapshots.Check(result, "change the size of", volume.Target.Path!);
        }
    }

    /// <summary>What is read ahead and written behind keeps many objects on their way at once.</summary>
    public async ValueTask<IVolumeExtents> OpenAsync(PoolContext pool, VolumeDefinition volume, FileAccess access, CancellationToken cancellation) =>
        await RbdExtents.OpenAsync(
            RbdSession.Of(pool), pool.Threads, volume.Name, volume.Target.Path!, access == FileAccess.Read, cancellation).ConfigureAwait(false);

    /// <exception cref="StorageException">8/18: another algorithm than zero or trim; 38.</exception>
    public async ValueTask WipeAsync(PoolContext pool, VolumeDefinition volume, uint algorithm, JobProgress progress, CancellationToken cancellation)
    {
        if (algorithm is not (WipeZero or WipeTrim))
        {
            throw StorageErrors.UnknownWipeAlgorithm(algorithm);
        }

        RbdExtents extents = await RbdExtents.OpenAsync(
            RbdSession.Of(pool), pool.Threads, volume.Name, volume.Target.Path!, isReadOnly: false, cancellation).ConfigureAwait(false);
        await using (extents.ConfigureAwait(false))
        {
            ZeroMode mode = algorithm == WipeTrim ? ZeroMode.Discard : ZeroMode.Allocated;
            await extents.ZeroAsync(0, extents.Length, mode, progress, cancellation).ConfigureAwait(false);
            await extents.FlushAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <exception cref="StorageException">8/18: no host; as <see cref="StartAsync"/>.</exception>
    public async ValueTask<IReadOnlyList<PoolSource>> FindSourcesAsync(HostContext host, PoolSource? specification, CancellationToken cancellation)
    {
        if (specification is not { Hosts: [_, ..] })
        {
            throw StorageErrors.SourceHostMissing(Info.Name);
        }

        PoolSource cluster = new() { Hosts = specification.Hosts, Auth = specification.Auth };
        ReadOnlyMemory<byte>? key = await RbdSession.KeyAsync(host, cluster, cancellation).ConfigureAwait(false);
        return await LongCall.RunAsync(() => RbdDiscovery.Find(cluster, key)).ConfigureAwait(false);
    }

    private static async ValueTask<RbdImage> OpenAsync(RbdSession session, VolumeDefinition volume)
    {
        (int result, RbdImage? image) = await RbdImage.OpenAsync(session.Pool, volume.Name, isReadOnly: false).ConfigureAwait(false);
        RbdSnapshots.Check(result, "open", volume.Target.Path!);
        return image!;
    }
}
