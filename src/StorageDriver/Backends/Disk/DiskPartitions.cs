using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Backends.Disk;

/// <summary>Makes and removes the partitions of a pool's disk.</summary>
internal static class DiskPartitions
{
    /// <summary>What parted says of a partition that it leaves alone because it is mounted.</summary>
    private const string Busy = "is being used";

    /// <summary>Makes a partition; on failure there is none.</summary>
    /// <param name="size">Bytes.</param>
    /// <returns>The disk with the partition, and the partition.</returns>
    /// <exception cref="StorageException">
    /// 8/18: the label does not give the partition the volume's name; 1/18: there is no room, or the kernel makes no device of it; 55/18: partitions in use would be numbered anew; 1/0:
    /// parted failed.
    /// </exception>
    public static async ValueTask<(DiskLook Disk, Partition Partition)> CreateAsync(
        PoolContext pool, VolumeDefinition request, ulong size, CancellationToken cancellation)
    {
        DiskLook before = await DiskLook.TakeAsync(pool, cancellation).ConfigureAwait(false);
        PartitionPlan plan = PartitionPlan.Make(before.Table, request.Target.Format, size);
        await DiskUse.RequireNumberableAsync(pool, before, cancellation).ConfigureAwait(false);
        await using Undo undo = new(pool.Host.Loggers.CreateLogger<DiskBackend>());
        undo.Add(() => RemoveNewAsync(pool, before.Table));
        await pool.Host.RunAsync(DiskCommands.MakePartition(before.Path, plan.Type, plan.Start, plan.End), cancellation).ConfigureAwait(false);
        DiskLook after = await DiskLook.TakeAsync(pool, cancellation).ConfigureAwait(false);
        Partition made = NewOnes(before.Table, after.Table).FirstOrDefault() ?? throw StorageErrors.PartitionNotMade(before.Path);
        string node = after.NodeOf(made);
        if (!await pool.Threads.RunAsync(() => FileStatusCalls.Get(node, out _) == 0, cancellation).ConfigureAwait(false))
        {
            throw StorageErrors.PartitionWithoutDevice(node, after.Table.Label);
        }

        string name = Path.GetFileName(node);
        if (name != request.Name)
        {
            throw StorageErrors.PartitionNameWrong(request.Name, name);
        }

        undo.Commit();
        return (after, made);
    }

    /// <exception cref="StorageException">50/18: it is not there any more; 55/18: it is in use, or others that go or are numbered anew with it; 1/0: parted failed.</exception>
    public static async ValueTask RemoveAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation)
    {
        DiskLook disk = await DiskLook.TakeAsync(pool, cancellation).ConfigureAwait(false);
        Partition partition = Find(disk.Table, volume) ?? throw StorageErrors.NoVolume(volume.Name);
        await DiskUse.RequireRemovableAsync(pool, disk, partition, cancellation).ConfigureAwait(false);
        Command remove = DiskCommands.RemovePartition(disk.Path, partition.Number);
        CommandResult result = await pool.Host.Commands.RunAsync(remove, cancellation).ConfigureAwait(false);
        if (result.ExitCode != 0)
        {
            throw result.Error.Contains(Busy, StringComparison.Ordinal)
                ? StorageErrors.PartitionBusy(volume.Name, result.Error)
                : StorageErrors.CommandFailed(CommandLine.Describe(remove, pool.Host.Tools), result);
        }
    }

    /// <summary>The partition that a volume is; null when another one, or none, is in its place.</summary>
    public static Partition? Find(PartitionTable table, VolumeDefinition volume) =>
        table.Partitions.FirstOrDefault(partition => volume.Extents is [var extent] && extent.Start == partition.Start && extent.End == partition.End);

    private static IEnumerable<Partition> NewOnes(PartitionTable before, PartitionTable after) =>
        after.Partitions.Where(partition => !before.Partitions.Any(known => known.Start == partition.Start && known.End == partition.End));

    private static async ValueTask RemoveNewAsync(PoolContext pool, PartitionTable before)
    {
        DiskLook disk = await DiskLook.TakeAsync(pool, CancellationToken.None).ConfigureAwait(false);
        if (NewOnes(before, disk.Table).FirstOrDefault() is { } made)
        {
            await pool.Host.RunAsync(DiskCommands.RemovePartition(disk.Path, made.Number), CancellationToken.None).ConfigureAwait(false);
            await Udev.SettleAsync(pool.Host, CancellationToken.None).ConfigureAwait(false);
        }
    }
}
