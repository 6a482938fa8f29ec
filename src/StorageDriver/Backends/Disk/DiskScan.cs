using System.Collections.Immutable;
using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Disk;

/// <summary>Describes the partitions of a disk as volumes, and its free space.</summary>
internal static class DiskScan
{
    /// <summary>Bytes that a LUKS header takes at most.</summary>
    public const ulong LuksOverhead = 2 * 1024 * 1024;

    /// <summary>How long udev may take for a link to a new partition.</summary>
    private static readonly TimeSpan LinkPatience = TimeSpan.FromSeconds(10);

    /// <exception cref="StorageException">As <see cref="DiskLook.TakeAsync"/>; 38/18: the target folder or a partition cannot be read.</exception>
    public static async ValueTask<PoolContents> RunAsync(PoolContext pool, CancellationToken cancellation) =>
        await DescribeAsync(pool, await DiskLook.TakeAsync(pool, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);

    /// <inheritdoc cref="RunAsync"/>
    public static async ValueTask<PoolContents> DescribeAsync(PoolContext pool, DiskLook disk, CancellationToken cancellation)
    {
        string[] nodes = [.. disk.Table.Partitions.Select(disk.NodeOf)];
        var links = await StableLinks.FindAsync(pool, nodes, disk.IsNews ? LinkPatience : TimeSpan.Zero, cancellation).ConfigureAwait(false);
        var volumes = await pool.Threads.RunAsync(
            () => nodes.Zip(disk.Table.Partitions, (node, partition) => Volume(pool, disk.Path, node, links.GetValueOrDefault(node, node), partition)).ToArray(),
            cancellation).ConfigureAwait(false);
        ulong logical = volumes.Zip(disk.Table.Partitions).Where(pair => pair.Second.Role == PartitionRole.Logical).Aggregate(0UL, (sum, pair) => sum + pair.First.Allocation);
        ImmutableArray<FreeExtent> free = [.. disk.Table.Free.Select(space => new FreeExtent(PartitionPlan.StartOf(space, disk.Table), space.End))];
        return new PoolContents(
            Numbers(disk.Table, volumes, free),
            [.. volumes.Zip(disk.Table.Partitions, (volume, partition) => new ScannedVolume(partition.Role == PartitionRole.Extended ? volume with { Allocation = logical } : volume))])
        {
            FreeExtents = ImmutableDictionary<string, ImmutableArray<FreeExtent>>.Empty.Add(disk.Path, free),
            Source = pool.Definition.Source with { Format = DiskLabels.Of(pool.Definition.Source.Format) },
        };
    }

    /// <summary>The volume of a partition that is not described yet.</summary>
    /// <param name="node">Path of its device, whose last part is the volume's name.</param>
    public static VolumeDefinition Undescribed(string disk, string node, string path, Partition partition) => new()
    {
        Name = node[(node.LastIndexOf('/') + 1)..],
        Key = path,
        Kind = VolumeKind.Block,
        Extents = [new SourceExtent(disk, partition.Start, partition.End)],
        Capacity = partition.End - partition.Start,
        Allocation = partition.End - partition.Start,
        Target = new VolumeTarget { Path = path, Format = DiskFormats.None },
    };

    private static VolumeDefinition Volume(PoolContext pool, string disk, string node, string path, Partition partition)
    {
        VolumeDefinition volume = Undescribed(disk, node, path, partition);
        if (pool.Known(volume.Name)?.Definition is { } known && known.Extents.SequenceEqual(volume.Extents))
        {
            volume = volume with { Target = volume.Target with { Format = known.Target.Format, Encryption = known.Target.Encryption } };
        }

        if (partition.Role == PartitionRole.Extended)
        {
            // The kernel gives it a device of two sectors, which it lets nobody open at times.
            return Opened(volume) with { Capacity = volume.Capacity };
        }

        VolumeDefinition described = BlockDevice.Describe(volume, readsLabel: false) ?? volume;
        return described.Target.Encryption is null ? described : WithoutHeader(described);
    }

    /// <summary>What a guest sees of an encrypted partition.</summary>
    public static VolumeDefinition WithoutHeader(VolumeDefinition volume) =>
        volume with { Capacity = volume.Capacity - LuksOverhead, Allocation = volume.Allocation - LuksOverhead };

    private static VolumeDefinition Opened(VolumeDefinition volume)
    {
        try
        {
            return BlockDevice.Describe(volume, readsLabel: false) ?? volume;
        }
        catch (StorageException)
        {
            return volume;
        }
    }

    private static PoolNumbers Numbers(PartitionTable table, VolumeDefinition[] volumes, ImmutableArray<FreeExtent> free)
    {
        ulong end = table.Partitions.Select(partition => partition.End).Concat(free.Select(extent => extent.End)).Append(0UL).Max();
        ulong taken = volumes.Zip(table.Partitions)
            .Where(pair => pair.Second.Role != PartitionRole.Extended)
            .Aggregate(0UL, (sum, pair) => sum + pair.First.Allocation);
        return new PoolNumbers(end, taken, free.Aggregate(0UL, (sum, extent) => sum + extent.End - extent.Start));
    }
}
