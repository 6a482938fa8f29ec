using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Backends.Sheepdog;

/// <summary>A sheepdog cluster, asked through its own tool.</summary>
public sealed class SheepdogBackend :
    IStorageBackend, IPoolActivation, IPoolNumbers, IVolumeRefresh, IVolumeCreation, IVolumeCloning, IVolumeDeletion, IVolumeResizing, IVolumeData
{
    private const uint Allocate = 1;

    public PoolTypeInfo Info => SheepdogPoolType.Info;

    /// <summary>Nothing of a pool is on this host, so that it is up as long as the cluster is: the first scan finds out.</summary>
    public ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.FromResult(true);

    public ValueTask<IPoolSession?> ResumeAsync(PoolContext pool, CancellationToken cancellation) => StartAsync(pool, cancellation);

    public async ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation) =>
        await SheepdogSession.OpenAsync(pool.Definition.Source, cancellation).ConfigureAwait(false);

    public ValueTask StopAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <exception cref="StorageException">1/0: the tool failed; 1/18: it printed something else than expected.</exception>
    public async ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation)
    {
        PoolNumbers numbers = await GetNumbersAsync(pool, cancellation).ConfigureAwait(false);
        string list = await pool.Host.RunAsync(SheepdogCommands.Volumes(Node(pool)), cancellation).ConfigureAwait(false);
        return new PoolContents(numbers, [.. SheepdogOutput.Volumes(list).Select(volume => Describe(pool, volume))]);
    }

    public async ValueTask<PoolNumbers> GetNumbersAsync(PoolContext pool, CancellationToken cancellation) =>
        SheepdogOutput.Numbers(await pool.Host.RunAsync(SheepdogCommands.Nodes(Node(pool)), cancellation).ConfigureAwait(false));

    public ValueTask<ScannedVolume?> RefreshVolumeAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation) =>
        FindVolumeAsync(pool, volume.Name, cancellation);

    public async ValueTask<ScannedVolume?> FindVolumeAsync(PoolContext pool, string name, CancellationToken cancellation)
    {
        if (!SheepdogNames.IsValid(name))
        {
            return null;
        }

        string list = await pool.Host.RunAsync(SheepdogCommands.Volumes(Node(pool), name), cancellation).ConfigureAwait(false);
        return SheepdogOutput.Volumes(list).Where(volume => volume.Name == name).Select(volume => Describe(pool, volume)).FirstOrDefault();
    }

    /// <exception cref="StorageException">8/18: flags; 55/18: the name; 67/18: encryption; 3/18: a backing store.</exception>
    public ValueTask<VolumeChange> AllocateAsync(PoolContext pool, VolumeDefinition request, uint flags, CancellationToken cancellation)
    {
        if (flags != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "creation of a volume");
        }

        if (request.Target.Encryption is not null)
        {
            throw StorageErrors.ConfigUnsupported("a volume of a sheepdog cluster cannot be encrypted");
        }

        if (request.BackingStore is not null)
        {
            throw StorageErrors.BackingStoreNotSupported("raw");
        }

        SheepdogNames.Require(request.Name);
        SheepdogVolume volume = new(request.Name, request.Capacity, request.Allocation);
        return ValueTask.FromResult(new VolumeChange(Describe(pool, volume).Definition));
    }

    public async ValueTask BuildAsync(PoolContext pool, VolumeDefinition volume, uint flags, JobProgress progress, CancellationToken cancellation) =>
        await pool.Host.RunAsync(SheepdogCommands.Create(Node(pool), volume.Name, volume.Capacity), cancellation).ConfigureAwait(false);

    /// <summary>Inside one cluster a clone shares its source's objects; from elsewhere the data are copied.</summary>
    public async ValueTask BuildFromAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        await using Undo undo = new(pool.Host.Loggers.CreateLogger<SheepdogBackend>());
        if (source.Backend is SheepdogBackend && Node(source.Pool) == Node(pool))
        {
            await SheepdogClone.RunAsync(pool.Host, Node(pool), source.Volume, volume, undo, cancellation).ConfigureAwait(false);
        }
        else
        {
            await BuildAsync(pool, volume, 0, progress, cancellation).ConfigureAwait(false);
            undo.Add(async () => await DeleteAsync(pool, volume, 0, CancellationToken.None).ConfigureAwait(false));
            await BlockClone.FillAsync(this, pool, volume, source, readsZeros: true, progress, cancellation).ConfigureAwait(false);
        }

        undo.Commit();
    }

    /// <summary>A volume that is gone already is a success.</summary>
    public async ValueTask<VolumeChange> DeleteAsync(PoolContext pool, VolumeDefinition volume, uint flags, CancellationToken cancellation)
    {
        if (flags != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "deletion of a volume");
        }

        await pool.Host.RunAsync(SheepdogCommands.Delete(Node(pool), volume.Name), cancellation).ConfigureAwait(false);
        return new VolumeChange(null);
    }

    /// <exception cref="StorageException">8/18: space cannot be allocated; 1/0: the tool failed, as it does when a volume is to shrink.</exception>
    public async ValueTask ResizeAsync(PoolContext pool, VolumeDefinition volume, ulong capacity, uint flags, CancellationToken cancellation)
    {
        if ((flags & Allocate) != 0)
        {
            throw StorageErrors.UnsupportedFlags(Allocate, "resize of a volume");
        }

        await pool.Host.RunAsync(SheepdogCommands.Resize(Node(pool), volume.Name, capacity), cancellation).ConfigureAwait(false);
    }

    public async ValueTask<IVolumeExtents> OpenAsync(PoolContext pool, VolumeDefinition volume, FileAccess access, CancellationToken cancellation)
    {
        ScannedVolume found = await FindVolumeAsync(pool, volume.Name, cancellation).ConfigureAwait(false)
            ?? throw StorageErrors.System(Errno.NoEntry, $"cannot open volume '{volume.Name}'", StorageErrorDomain.Streams);
        return new SheepdogExtents(pool.Host, Node(pool), volume.Name, checked((long)found.Definition.Capacity));
    }

    private static SheepdogSession Node(PoolContext pool) => (SheepdogSession)pool.Session!;

    private static ScannedVolume Describe(PoolContext pool, SheepdogVolume volume) =>
        new(new VolumeDefinition
        {
            Name = volume.Name,
            Key = $"{pool.Definition.Source.Name}/{volume.Name}",
            Kind = VolumeKind.Network,
            Capacity = volume.Capacity,
            Allocation = volume.Allocation,
            Target = new VolumeTarget { Path = volume.Name },
        });
}
