using System.Collections.Immutable;

namespace Cistern.Storage.Definitions;

/// <summary>A storage pool as its XML document describes it. Immutable.</summary>
public sealed record PoolDefinition
{
    public required PoolType Type { get; init; }

    public required string Name { get; init; }

    /// <summary>In network byte order its 16 bytes are the wire's uuid.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>Never read from a document; the last known numbers of a definition that is set aside.</summary>
    public PoolNumbers Numbers { get; init; }

    /// <summary><c>features/cow@state</c>; null when not given.</summary>
    public bool? Cow { get; init; }

    public PoolSource Source { get; init; } = PoolSource.Empty;

    /// <summary>Null for the types that have no target element (rbd, sheepdog, gluster, iscsi-direct).</summary>
    public PoolTarget? Target { get; init; }

    /// <summary><c>refresh/volume@allocation</c>: null, <c>default</c> or <c>capacity</c>.</summary>
    public string? RefreshVolumeAllocation { get; init; }

    /// <summary>The fs namespace: extra mount options, in order.</summary>
    public ImmutableArray<string> MountOptions { get; init; } = [];

    /// <summary>The rbd namespace: librados settings, in order.</summary>
    public ImmutableArray<KeyValuePair<string, string>> ConfigOptions { get; init; } = [];
}

/// <summary>The <c>target</c> element of a pool.</summary>
/// <param name="Permissions">As the document asks, and once the pool has been looked at those that its folder has.</param>
public sealed record PoolTarget(string Path, Permissions? Permissions = null)
{
    /// <summary>As the document asks, whatever the folder has: what new volumes inherit. Null for a definition that tells of a running pool.</summary>
    public Permissions? Requested { get; init; } = Permissions;
}

/// <summary>Mode, owner, group and label; null members are not known or not asked for.</summary>
/// <param name="Mode">Permission bits, 0 to 0777.</param>
/// <param name="Owner">A uid; null also stands for the document's -1.</param>
/// <param name="Group">A gid; null also stands for the document's -1.</param>
public sealed record Permissions(uint? Mode = null, uint? Owner = null, uint? Group = null, string? Label = null);
