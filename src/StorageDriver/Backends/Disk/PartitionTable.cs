using System.Collections.Immutable;

namespace Cistern.Storage.Backends.Disk;

/// <summary>What a disk's label says of it.</summary>
/// <param name="Label">parted's word for the kind of label: <c>msdos</c>, <c>gpt</c>, …</param>
/// <param name="SectorSize">Of a logical sector, in bytes.</param>
/// <param name="Cylinder">Bytes of a cylinder, as parted counts them.</param>
/// <param name="Partitions">In the order of the disk.</param>
/// <param name="Free">In the order of the disk.</param>
public sealed record PartitionTable(
    string Label, ulong SectorSize, ulong Cylinder, ImmutableArray<Partition> Partitions, ImmutableArray<FreeSpace> Free)
{
    /// <summary>The partition that holds the logical ones; null when there is none.</summary>
    public Partition? Extended => Partitions.FirstOrDefault(partition => partition.Role == PartitionRole.Extended);

    /// <summary>The logical partitions, in the order of the disk.</summary>
    public IEnumerable<Partition> Logicals => Partitions.Where(partition => partition.Role == PartitionRole.Logical);
}

/// <summary>What a partition is to the others.</summary>
public enum PartitionRole
{
    Primary,
    Logical,

    /// <summary>Holds the logical ones, and has no content of its own.</summary>
    Extended,
}

/// <summary>A partition, in bytes from the start of the disk.</summary>
/// <param name="Number">As the label counts.</param>
/// <param name="End">The first byte behind it.</param>
public sealed record Partition(int Number, PartitionRole Role, ulong Start, ulong End);

/// <summary>Space that no partition takes, in bytes from the start of the disk.</summary>
/// <param name="IsLogical">It lies in the extended partition.</param>
/// <param name="End">The first byte behind it.</param>
public readonly record struct FreeSpace(bool IsLogical, ulong Start, ulong End)
{
    public ulong Length => End - Start;
}
