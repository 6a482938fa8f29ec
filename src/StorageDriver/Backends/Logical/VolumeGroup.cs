using System.Collections.Immutable;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Logical;

/// <summary>A volume group as LVM reports it; sizes in bytes.</summary>
/// <param name="Missing">How many of its physical volumes cannot be found.</param>
/// <param name="Volumes">Those that are not parts of others.</param>
public sealed record VolumeGroup(ulong Size, ulong Free, ulong ExtentSize, ulong Missing, ImmutableArray<LogicalVolume> Volumes)
{
    /// <summary>Null when there is none of that name.</summary>
    public LogicalVolume? Find(string name) => Volumes.FirstOrDefault(volume => volume.Name == name);

    /// <summary>The active thin pool with the most room; null when there is none.</summary>
    public LogicalVolume? RoomiestThinPool => Volumes.Where(volume => volume is { IsThinPool: true, IsActive: true }).MaxBy(volume => volume.Room);

    /// <summary>Space that a thin volume has taken: whole chunks, as near as the percentage tells.</summary>
    public ulong TakenBy(LogicalVolume thin)
    {
        ulong chunk = thin.ThinPool is { } pool ? Find(pool)?.ChunkSize ?? 0 : 0;
        return chunk == 0 ? thin.Taken : Math.Min((thin.Taken + (chunk / 2)) / chunk * chunk, thin.Size);
    }

    /// <summary>Space that a size takes: whole extents.</summary>
    public ulong InExtents(ulong size) => ExtentSize == 0 || size % ExtentSize == 0 ? size : size - (size % ExtentSize) + ExtentSize;
}

/// <summary>A logical volume, or a pool for thin ones, as LVM reports it; sizes in bytes.</summary>
public sealed record LogicalVolume
{
    public required string Name { get; init; }

    public required string Uuid { get; init; }

    /// <summary>The letters of <c>lv_attr</c>, see lvs(8).</summary>
    public required string Attributes { get; init; }

    /// <summary>Of a snapshot, the space for what differs from its origin.</summary>
    public required ulong Size { get; init; }

    /// <summary>The volume that this is a snapshot of; null when it is none, or one of nothing.</summary>
    public string? Origin { get; init; }

    /// <summary>The thin pool that the volume takes its space from; null for other volumes.</summary>
    public string? ThinPool { get; init; }

    /// <summary>Hundredths of a percent of <see cref="Size"/> that are in use; null where there is no such thing, or it is not known.</summary>
    public uint? Used { get; init; }

    /// <summary>The type of the first segment, for example <c>linear</c>.</summary>
    public required string SegmentType { get; init; }

    /// <summary>Unit of what a snapshot or thin pool allocates; 0 for others.</summary>
    public ulong ChunkSize { get; init; }

    /// <summary>Where it lies, with the physical extent's device or the volume's part.</summary>
    public ImmutableArray<SourceExtent> Extents { get; init; } = [];

    /// <summary>There is a device, usable or not.</summary>
    public bool IsActive => "asISmMcC".Contains(Attributes[4], StringComparison.Ordinal);

    public bool IsThinPool => SegmentType == "thin-pool";

    public bool IsThin => SegmentType == "thin";

    /// <summary>A pool of any kind: no device that data could be put on.</summary>
    public bool IsPool => SegmentType.EndsWith("-pool", StringComparison.Ordinal);

    /// <summary>A snapshot whose differences take space of their own, which can run out.</summary>
    public bool IsSnapshot => !IsThin && Attributes[0] is 's' or 'S';

    /// <summary>A thin pool's chunks are zeroed before they become part of a volume.</summary>
    public bool ZeroesNew => Attributes[7] == 'z';

    /// <summary>Space taken within a thin pool or by a thin pool's content; the whole size where that is not known.</summary>
    public ulong Taken => Used is { } used ? (ulong)((UInt128)Size * used / 10000) : Size;

    /// <summary>What is left of a thin pool.</summary>
    public ulong Room => Size - Math.Min(Taken, Size);
}
