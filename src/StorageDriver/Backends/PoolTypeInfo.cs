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

    /// <summary>Parts that the document must have.</summary>
    public SourceParts Required { get; init; }

    /// <summary>Parts that the type uses, a superset of <see cref="Required"/>.</summary>
    public SourceParts Accepted { get; init; }

    /// <summary>Source formats, the default first; empty when the type has none.</summary>
    public ImmutableArray<string> SourceFormats { get; init; } = [];

    /// <summary>Volume formats in libvirt's order; empty when the type has none.</summary>
    public ImmutableArray<string> VolumeFormats { get; init; } = [];

    public string? DefaultVolumeFormat { get; init; }

    public VolumeKind VolumeKind { get; init; }

    public TargetPathRule TargetPath { get; init; }

    public string TargetPathPrefix { get; init; } = "";

    /// <summary>The pool's name may be left out of the document when the source has a name.</summary>
    public bool NameFromSource { get; init; }

    /// <summary>One volume's change alters others, so the pool's gate stays closed through it (disk, logical).</summary>
    public bool SerialisesChanges { get; init; }

    /// <summary>Volumes' paths may be looked up by a path that a symbolic link below the target resolves to.</summary>
    public bool StablePaths { get; init; }

    /// <summary>Tools without which the type cannot be used.</summary>
    public ImmutableArray<string> Tools { get; init; } = [];
}
