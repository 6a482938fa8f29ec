using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Disk;

/// <summary>Where a new partition goes, and as what.</summary>
/// <param name="Type">parted's words for type and content.</param>
/// <param name="Start">First byte.</param>
/// <param name="End">Last byte.</param>
public readonly record struct PartitionPlan(string Type, ulong Start, ulong End)
{
    private const int MaxPrimaries = 4;

    /// <summary>Takes the smallest free space that is large enough.</summary>
    /// <param name="format">The volume's format.</param>
    /// <param name="size">Bytes.</param>
    /// <exception cref="StorageException">1/18: a second extended partition, no primary left and none extended, or no free space that is large enough.</exception>
    public static PartitionPlan Make(PartitionTable table, string? format, ulong size)
    {
        bool isDos = table.Label == DiskLabels.PartedName(DiskLabels.Dos);
        bool isLogical = isDos && table.Partitions.Count(partition => partition.Role != PartitionRole.Logical) >= MaxPrimaries;
        string type = isDos ? DosType(table, format, isLogical) : DiskLabels.HaveNoTypes(table.Label) ? DiskFormats.PartedName(format) : "primary";
        FreeSpace? best = null;
        PartitionPlan plan = default;
        foreach (var free in table.Free.Where(free => free.IsLogical == isLogical))
        {
            ulong start = StartOf(free, table);
            PartitionPlan place = isDos ? InDos(type, start, size, table.Cylinder, isLogical ? table.SectorSize : 0)
                : DiskLabels.TakeCylinders(table.Label) ? InCylinders(type, start, size, table.Cylinder)
                : new PartitionPlan(type, start, start + size - 1);
            if (place.End < free.End && (best is null || free.Length < best.Value.Length))
            {
                (best, plan) = (free, place);
            }
        }

        return best is null ? throw StorageErrors.NoFreeExtent(size) : plan;
    }

    /// <summary>The label itself is at the start of the disk, whether parted calls the place free or not.</summary>
    public static ulong StartOf(FreeSpace free, PartitionTable table) => free.Start == 0 ? table.SectorSize : free.Start;

    private static string DosType(PartitionTable table, string? format, bool isLogical)
    {
        if (format == DiskFormats.Extended)
        {
            return table.Extended is null ? DiskFormats.Extended : throw StorageErrors.SecondExtendedPartition();
        }

        return isLogical
            ? table.Extended is null ? throw StorageErrors.NoPrimaryPartitionLeft() : $"logical {DiskFormats.PartedName(format)}"
            : $"primary {DiskFormats.PartedName(format)}";
    }

    /// <summary>As libvirt does: up to the end of a cylinder, and at least a sector more than was asked for.</summary>
    /// <param name="skipped">Bytes left in front of the partition for the record that describes it.</param>
    private static PartitionPlan InDos(string type, ulong start, ulong size, ulong cylinder, ulong skipped)
    {
        ulong spare = cylinder - (size % cylinder);
        ulong taken = size + spare + (start % cylinder > spare ? cylinder : 0);
        start += skipped;
        return new PartitionPlan(type, start, start + taken - (start % cylinder) - 1);
    }

    /// <summary>Whole cylinders; parted refuses anything else there.</summary>
    private static PartitionPlan InCylinders(string type, ulong start, ulong size, ulong cylinder)
    {
        ulong first = Ceiling(start, cylinder);
        return new PartitionPlan(type, first, first + Ceiling(size, cylinder) - 1);
    }

    private static ulong Ceiling(ulong value, ulong unit) => (value + unit - 1) / unit * unit;
}
