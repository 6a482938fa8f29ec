using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Disk;

/// <summary>A disk whose partitions are the volumes.</summary>
public sealed class DiskBackend : BlockPoolBackend, IPoolActivation, IPoolProvisioning, IVolumeCreation, IVolumeCloning, IVolumeDeletion
{
    private const uint NoOverwrite = 4;
    private const uint Overwrite = 8;

    public override PoolTypeInfo Info => DiskPoolType.Info;

    public override ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation) => DiskScan.RunAsync(pool, cancellation);

    /// <exception cref="StorageException">As <see cref="StartAsync"/>, but for a disk that is not there.</exception>
    public async ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation)
    {
        if (!await ExistsAsync(pool, cancellation).ConfigureAwait(false))
        {
            return false;
        }

        await RequireLabelAsync(pool, cancellation).ConfigureAwait(false);
        return true;
    }

    public ValueTask<IPoolSession?> ResumeAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.FromResult<IPoolSession?>(new DiskSession());

    /// <exception cref="StorageException">8/18: there is no disk; 75, 55 or 9/18: it has no label, or another one.</exception>
    public async ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation)
    {
        await Udev.SettleAsync(pool.Host, cancellation).ConfigureAwait(false);
        if (!await ExistsAsync(pool, cancellation).ConfigureAwait(false))
        {
            throw StorageErrors.DevicePathMissing(DiskLook.SourceOf(pool.Definition));
        }

        await RequireLabelAsync(pool, cancellation).ConfigureAwait(false);
        return new DiskSession();
    }

    public ValueTask StopAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <summary>Labels the disk anew.</summary>
    /// <exception cref="StorageException">
    /// 8/18: flags; 76, 55 or 9/18: there is something on the disk; 75/18: that cannot be found out; 55/18: it is in use; 38/18: it cannot be written;
    /// 1/0: parted failed.
    /// </exception>
    public async ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation)
    {
        if ((flags & ~(NoOverwrite | Overwrite)) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "building of a pool");
        }

        if (flags == (NoOverwrite | Overwrite))
        {
            throw StorageErrors.ExclusiveFlags(flags, "building of a pool");
        }

        string disk = DiskLook.SourceOf(pool.Definition);
        if ((flags & Overwrite) == 0)
        {
            await LabelCheck.RequireNoneAsync(pool, disk, pool.Definition.Source.Format ?? DiskLabels.Unknown, cancellation).ConfigureAwait(false);
        }

        await BlankAsync(pool, disk, cancellation).ConfigureAwait(false);
        string label = DiskLabels.PartedName(DiskLabels.Of(pool.Definition.Source.Format));
        await pool.Host.RunAsync(DiskCommands.MakeLabel(disk, label), cancellation).ConfigureAwait(false);
        await Udev.SettleAsync(pool.Host, cancellation).ConfigureAwait(false);
    }

    /// <summary>Makes the disk blank at both ends; what partitions held stays between them.</summary>
    /// <exception cref="StorageException">8/18: flags; 55/18: it is in use; 38/18: it cannot be written.</exception>
    public async ValueTask DeleteAsync(PoolContext pool, uint flags, CancellationToken cancellation)
    {
        if (flags != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "deletion of a pool");
        }

        string disk = DiskLook.SourceOf(pool.Definition);
        await BlankAsync(pool, disk, cancellation).ConfigureAwait(false);
        await pool.Threads.RunAsync(() => DiskCalls.ReadPartitions(disk), cancellation).ConfigureAwait(false);
        await Udev.SettleAsync(pool.Host, cancellation).ConfigureAwait(false);
    }

    /// <summary>Makes the partition.</summary>
    /// <exception cref="StorageException">67/18: encryption other than LUKS; 3/18: there is no capacity; as <see cref="DiskPartitions.CreateAsync"/>.</exception>
    public async ValueTask<VolumeChange> AllocateAsync(PoolContext pool, VolumeDefinition request, uint flags, CancellationToken cancellation)
    {
        bool isEncrypted = request.Target.Encryption is not null;
        if (request.Target.Encryption is { Format: not "luks" } other)
        {
            throw StorageErrors.OnlyLuks(other.Format);
        }

        if (request.Capacity == 0)
        {
            throw StorageErrors.CapacityRequired(request.Name);
        }

        ulong size = request.Capacity + (isEncrypted ? DiskScan.LuksOverhead : 0);
        var (disk, partition) = await DiskPartitions.CreateAsync(pool, request, size, cancellation).ConfigureAwait(false);
        PoolContents contents = await DiskScan.DescribeAsync(pool, disk, cancellation).ConfigureAwait(false);
        VolumeDefinition made = contents.Volumes.First(volume => DiskPartitions.Find(disk.Table, volume.Definition) == partition).Definition;
        made = made with { Target = made.Target with { Format = request.Target.Format, Encryption = request.Target.Encryption } };
        return new VolumeChange(isEncrypted ? DiskScan.WithoutHeader(made) : made, contents);
    }

    /// <exception cref="StorageException">1/0: qemu-img could not encrypt it.</exception>
    public async ValueTask BuildAsync(PoolContext pool, VolumeDefinition volume, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        if (volume.Target.Encryption is not null)
        {
            await ImageCreation.EncryptAsync(pool, volume, cancellation).ConfigureAwait(false);
        }
    }

    /// <exception cref="StorageException">38/18: blocks were to be shared; as <see cref="BlockClone.FillAsync"/>.</exception>
    public async ValueTask BuildFromAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        if ((flags & BlockClone.Reflink) != 0)
        {
            throw StorageErrors.System(Errno.NotSupported, $"cannot share blocks with device '{volume.Target.Path}'");
        }

        await BlockClone.FillAsync(this, pool, volume, source, readsZeros: false, progress, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<VolumeChange> DeleteAsync(PoolContext pool, VolumeDefinition volume, uint flags, CancellationToken cancellation)
    {
        if (flags != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "deletion of a volume");
        }

        await DiskPartitions.RemoveAsync(pool, volume, cancellation).ConfigureAwait(false);
        return new VolumeChange(null, await DiskScan.RunAsync(pool, cancellation).ConfigureAwait(false));
    }

    /// <exception cref="StorageException">3/18: an extended partition holds the logical ones; as for any device.</exception>
    public override async ValueTask WipeAsync(
        PoolContext pool, VolumeDefinition volume, uint algorithm, JobProgress progress, CancellationToken cancellation)
    {
        DiskLook disk = await DiskLook.TakeAsync(pool, cancellation).ConfigureAwait(false);
        if (DiskPartitions.Find(disk.Table, volume) is { Role: PartitionRole.Extended })
        {
            throw StorageErrors.ExtendedNotWiped(volume.Target.Path!);
        }

        await base.WipeAsync(pool, volume, algorithm, progress, cancellation).ConfigureAwait(false);
    }

    private static async ValueTask BlankAsync(PoolContext pool, string disk, CancellationToken cancellation)
    {
        await Udev.SettleAsync(pool.Host, cancellation).ConfigureAwait(false);
        await DiskUse.RequireUnusedAsync(pool, disk, cancellation).ConfigureAwait(false);
        await pool.Threads.RunAsync(() => BlockDevice.Blank(disk), cancellation).ConfigureAwait(false);
    }

    private static Task<bool> ExistsAsync(PoolContext pool, CancellationToken cancellation)
    {
        string disk = DiskLook.SourceOf(pool.Definition);
        return pool.Threads.RunAsync(() => FileStatusCalls.Get(disk, out _) == 0, cancellation);
    }

    private static ValueTask RequireLabelAsync(PoolContext pool, CancellationToken cancellation) =>
        LabelCheck.RequireAsync(pool, DiskLook.SourceOf(pool.Definition), DiskLabels.Of(pool.Definition.Source.Format), cancellation);
}
