using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Zfs;

/// <summary>The volumes (zvols) of a zpool, or of a dataset in one.</summary>
public sealed class ZfsBackend :
    BlockPoolBackend, IPoolActivation, IPoolProvisioning, IVolumeCreation, IVolumeCloning, IVolumeDeletion, IVolumeResizing
{
    private const uint DeleteSnapshots = 2;
    private const uint Validate = 4;
    private const uint Allocate = 1;
    private const uint Shrink = 4;

    public override PoolTypeInfo Info => ZfsPoolType.Info;

    /// <summary>Also true of a dataset without volumes, which has no folder of devices.</summary>
    public async ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation)
    {
        Command find = ZfsCommands.Find(ZfsNames.Dataset(pool.Definition));
        return (await pool.Host.Commands.RunAsync(find, cancellation).ConfigureAwait(false)).ExitCode == 0;
    }

    /// <summary>Whether the dataset is there is for the first scan to find: importing zpools is the host's work.</summary>
    public ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.FromResult<IPoolSession?>(null);

    public ValueTask StopAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <exception cref="StorageException">8/18: flags or names; 67/18: there are no devices; 1/0: the tool failed.</exception>
    public async ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation)
    {
        CheckFlags(flags, 0, "building of a pool");
        string dataset = ZfsNames.Dataset(pool.Definition);
        string[] devices = [.. ZfsNames.Devices(pool.Definition)];
        if (!ZfsNames.IsNested(dataset) && devices.Length == 0)
        {
            throw StorageErrors.SourceDevicesMissing(pool.Definition.Name);
        }

        Command command = ZfsNames.IsNested(dataset) ? ZfsCommands.MakeDataset(dataset) : ZfsCommands.MakePool(dataset, devices);
        await pool.Host.RunAsync(command, cancellation).ConfigureAwait(false);
    }

    /// <summary>Destroys the dataset with all that is in it, or the zpool.</summary>
    public async ValueTask DeleteAsync(PoolContext pool, uint flags, CancellationToken cancellation)
    {
        CheckFlags(flags, 0, "deletion of a pool");
        string dataset = ZfsNames.Dataset(pool.Definition);
        Command command = ZfsNames.IsNested(dataset) ? ZfsCommands.DeleteDataset(dataset) : ZfsCommands.DeletePool(dataset);
        await pool.Host.RunAsync(command, cancellation).ConfigureAwait(false);
    }

    /// <exception cref="StorageException">1/0: there is no such zpool or dataset.</exception>
    public override async ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation)
    {
        string dataset = ZfsNames.Dataset(pool.Definition);
        PoolNumbers numbers = ZfsOutput.Numbers(await pool.Host.RunAsync(ZfsCommands.Numbers(dataset), cancellation).ConfigureAwait(false));
        var volumes = ZfsOutput.Volumes(await pool.Host.RunAsync(ZfsCommands.Volumes(dataset), cancellation).ConfigureAwait(false));
        return new PoolContents(numbers, [.. volumes.Where(volume => volume.Dataset != dataset).Select(volume => new ScannedVolume(Describe(pool, volume)))]);
    }

    /// <exception cref="StorageException">8/18: flags; 55/18: the name, or there is such a device; 67/18: encryption; 3/18: a backing store.</exception>
    public async ValueTask<VolumeChange> AllocateAsync(PoolContext pool, VolumeDefinition request, uint flags, CancellationToken cancellation)
    {
        CheckFlags(flags, BlockClone.Reflink | Validate, "creation of a volume");
        ZfsNames.CheckNew(request.Name);
        if (request.Target.Encryption is not null)
        {
            throw StorageErrors.ConfigUnsupported("volumes of ZFS cannot be encrypted here");
        }

        if (request.BackingStore is not null)
        {
            throw StorageErrors.BackingStoreNotSupported("zvol");
        }

        VolumeDefinition volume = request with
        {
            Key = ZfsNames.Volume(pool.Definition, request.Name),
            Kind = VolumeKind.Block,
            Target = request.Target with { Path = PathOf(pool, request.Name) },
        };
        return await pool.Threads.RunAsync(() => FileStatusCalls.GetNoFollow(volume.Target.Path!, out _) != 0, cancellation).ConfigureAwait(false)
            ? new VolumeChange(volume)
            : throw StorageErrors.VolumePathExists(volume.Target.Path!);
    }

    /// <exception cref="StorageException">1/0: the tool failed.</exception>
    public async ValueTask BuildAsync(PoolContext pool, VolumeDefinition volume, uint flags, JobProgress progress, CancellationToken cancellation) =>
        await ZfsCreation.MakeAsync(pool, volume, cancellation).ConfigureAwait(false);

    /// <exception cref="StorageException">8/18: nothing can be shared with the source; as <see cref="BlockClone.FillAsync"/>.</exception>
    public ValueTask BuildFromAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation) =>
        ZfsCreation.IsSameZpool(pool, source)
            ? ZfsCreation.CloneAsync(pool, volume, source, cancellation)
            : (flags & BlockClone.Reflink) == 0
                ? ZfsCreation.CopyAsync(this, pool, volume, source, progress, cancellation)
                : throw StorageErrors.UnsupportedFlags(BlockClone.Reflink, "copying of a volume");

    /// <param name="flags">2: with its snapshots.</param>
    /// <exception cref="StorageException">8/18: flags; 1/0: the tool failed, for example because others are cloned from the volume.</exception>
    public async ValueTask<VolumeChange> DeleteAsync(PoolContext pool, VolumeDefinition volume, uint flags, CancellationToken cancellation)
    {
        CheckFlags(flags, DeleteSnapshots, "deletion of a volume");
        Command command = ZfsCommands.Delete(ZfsNames.Volume(pool.Definition, volume.Name), flags == DeleteSnapshots);
        await pool.Host.RunAsync(command, cancellation).ConfigureAwait(false);
        return new VolumeChange(null);
    }

    /// <summary>Rounds up to whole blocks.</summary>
    /// <param name="flags">1: space is kept for all of it.</param>
    /// <exception cref="StorageException">8/18: flags; 1/0: the tool failed.</exception>
    public async ValueTask ResizeAsync(PoolContext pool, VolumeDefinition volume, ulong capacity, uint flags, CancellationToken cancellation)
    {
        CheckFlags(flags, Allocate | Shrink, "resizing of a volume");
        await ZfsCreation.SetSizeAsync(
            pool, ZfsNames.Volume(pool.Definition, volume.Name), capacity, (flags & Allocate) != 0 ? ulong.MaxValue : null, cancellation).ConfigureAwait(false);
    }

    private static string PathOf(PoolContext pool, string name) => $"{pool.Definition.Target!.Path}/{name}";

    private static VolumeDefinition Describe(PoolContext pool, ZfsVolume volume)
    {
        string name = volume.Dataset[(volume.Dataset.LastIndexOf('/') + 1)..];
        return new VolumeDefinition
        {
            Name = name,
            Key = volume.Dataset,
            Kind = VolumeKind.Block,
            Capacity = volume.Capacity,
            Allocation = volume.Reservation,
            Target = new VolumeTarget { Path = PathOf(pool, name) },
        };
    }

    private static void CheckFlags(uint flags, uint known, string operation)
    {
        if ((flags & ~known) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags & ~known, operation);
        }
    }
}
