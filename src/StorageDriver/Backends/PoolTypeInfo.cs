using System.Collections.Immutable;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends;

/// <summary>Parts of the source element.</summary>
[Flags]
public enum SourceParts
{
    None = 0,
    Host = 1,
    Device = 2,
    Dir = 4,
    Adapter = 8,
    Name = 16,
    InitiatorIqn = 32,
}

/// <summary>The extra options that a type takes in an XML namespace of their own.</summary>
public enum OptionsNamespace
{
    None,

    /// <summary><c>fs:mount_opts</c>.</summary>
    MountOptions,

    /// <summary><c>rbd:config_opts</c>.</summary>
    ConfigOptions,
}

/// <summary>How the target path of a type comes about.</summary>
public enum TargetPathRule
{
    /// <summary>The document must give one.</summary>
    Required,

    /// <summary>The type has no target element.</summary>
    None,

    /// <summary><c>/dev/NAME</c> or the like, made from the source's name; see <see cref="PoolTypeInfo.TargetPathPrefix"/>.</summary>
    FromSourceName,
}

/// <summary>The facts of a pool type, stated once: the XML parser, the capabilities document, the start-up check of tools and the docs read them.</summary>
public sealed record PoolTypeInfo
{
    public required PoolType Type { get; init; }

    /// <summary>The word of the <c>type</c> attribute.</summary>
    public required string Name { get; init; }

    /// <summary>What makes another pool's source the same as this one's.</summary>
    public SourceIdentity SourceIdentity { get; init; }

    /// <summary>Parts that the document must have.</summary>
    public SourceParts Required { get; init; }

    /// <summary>Parts that the type uses, a superset of <see cref="Required"/>.</summary>
    public SourceParts Accepted { get; init; }

    /// <summary>Source formats in libvirt's order; empty when the type has none.</summary>
    public ImmutableArray<string> SourceFormats { get; init; } = [];

    /// <summary>The source format of a document that names none; null when the type has none.</summary>
    public string? DefaultSourceFormat { get; init; }

    /// <summary>Volume formats in libvirt's order; empty when the type has none. <c>none</c> can be asked for only where it is the default.</summary>
    public ImmutableArray<string> VolumeFormats { get; init; } = [];

    /// <summary>The format of a volume's document that names none; null when the type has none.</summary>
    public string? DefaultVolumeFormat { get; init; }

    /// <summary>False: the capabilities document leaves the volume formats out, as libvirt's does for rbd, which can make raw volumes only.</summary>
    public bool ListsVolumeFormats { get; init; } = true;

    public VolumeKind VolumeKind { get; init; }

    public TargetPathRule TargetPath { get; init; }

    public string TargetPathPrefix { get; init; } = "";

    /// <summary>The source's directory when the document names none; null where it has no default.</summary>
    public string? DefaultSourceDir { get; init; }

    /// <summary>The document may switch copy-on-write (<c>features/cow</c>).</summary>
    public bool AcceptsCow { get; init; }

    public OptionsNamespace OptionsNamespace { get; init; }

    /// <summary>The pool's and the source's name stand in for each other where the document gives only one.</summary>
    public bool NameFromSource => Accepted.HasFlag(SourceParts.Name);

    /// <summary>
    /// One volume's change alters others (disk, logical), so the pool's gate stays closed while a volume is allocated, resized or deleted, and the
    /// pool is scanned after it. Data are moved with the gate open.
    /// </summary>
    public bool SerialisesChanges { get; init; }

    /// <summary>Volumes' paths may be looked up by a path that a symbolic link below the target resolves to.</summary>
    public bool StablePaths { get; init; }

    /// <summary>Tools (names in <see cref="Commands.HostTools"/>) without which the type cannot be used.</summary>
    public ImmutableArray<string> Tools { get; init; } = [];
}
