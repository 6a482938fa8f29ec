using System.Collections.Immutable;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends;

/// <summary>What a scan found.</summary>
public sealed record PoolContents(PoolNumbers Numbers, IReadOnlyList<ScannedVolume> Volumes)
{
    /// <summary>What of the pool's storage is lost while the rest works, for the log; null: nothing is.</summary>
    public string? Degraded { get; init; }

    /// <summary>The target's real permissions, shown in the pool's XML; null when not known.</summary>
    public Permissions? TargetPermissions { get; init; }

    /// <summary>Per source device path, its free extents (disk pools).</summary>
    public ImmutableDictionary<string, ImmutableArray<FreeExtent>> FreeExtents { get; init; } = ImmutableDictionary<string, ImmutableArray<FreeExtent>>.Empty;

    /// <summary>The source with what the document leaves to the backend; null: it is as the document says.</summary>
    public PoolSource? Source { get; init; }
}

/// <summary>A volume as found, with the stamp that tells whether it must be probed again; a null stamp is never trusted.</summary>
public sealed record ScannedVolume(VolumeDefinition Definition, FileStamp? Stamp = null);

/// <summary>Identity and change marks of a file. Equal stamps mean unchanged content, unless the file changed within the last second of the probe.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="ProbedAtNanoseconds">Wall clock at the probe, for the guard against changes within one tick.</param>
public sealed record FileStamp(ulong Device, ulong Inode, long Size, long Blocks, FileTime Modify, FileTime Change, long ProbedAtNanoseconds)
{
    /// <summary>The stamp of the backing file, on which the volume's description depends too.</summary>
    public FileStamp? Backing { get; init; }
}
