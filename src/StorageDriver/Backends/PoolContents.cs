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
/// <param name="Definition">Without the times that the stamp tells: a file whose times alone have changed keeps it.</param>
public sealed record ScannedVolume(VolumeDefinition Definition, FileStamp? Stamp = null)
{
    /// <summary>The definition with the times of the file and of its backing file.</summary>
    public VolumeDefinition Described => Stamp is null ? Definition : Definition with
    {
        Target = Definition.Target.Timestamps is null ? Definition.Target with { Timestamps = Stamp.Times } : Definition.Target,
        BackingStore = Definition.BackingStore is { Timestamps: null } store ? store with { Timestamps = Stamp.Backing?.Times } : Definition.BackingStore,
    };
}

/// <summary>Identity and change marks of a file. Equal stamps mean unchanged content, unless the file changed within the last second of the probe.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="ProbedAtNanoseconds">Wall clock at the probe, for the guard against changes within one tick.</param>
public sealed record FileStamp(ulong Device, ulong Inode, long Size, long Blocks, FileTime Modify, FileTime Change, long ProbedAtNanoseconds)
{
    /// <summary>When it was read last; no sign of a change.</summary>
    public FileTime Access { get; init; }

    /// <summary>When it was made; zero when that is not known.</summary>
    public FileTime Birth { get; init; }

    /// <summary>Null for what is not there.</summary>
    public Timestamps? Times => Change == default ? null : new Timestamps(Access, Modify, Change, Birth);

    /// <summary>
    /// Taken of a file that the server had just made and named: of what a watch tells about it, as long as the marks are the same, there is no more to see.
    /// </summary>
    public bool IsOfNewFile { get; init; }

    /// <summary>The stamp of the backing file, on which the volume's description depends too.</summary>
    public FileStamp? Backing { get; init; }
}
