using System.Collections.Immutable;
using System.Globalization;

namespace Cistern.Storage.Definitions;

/// <summary>A storage volume as its XML document describes it. Immutable; all sizes in bytes.</summary>
public sealed record VolumeDefinition
{
    public required string Name { get; init; }

    /// <summary>Unique within the host; null until the backend has allocated the volume.</summary>
    public string? Key { get; init; }

    public VolumeKind Kind { get; init; }

    /// <summary>Where on the source devices the volume lies (logical and disk pools).</summary>
    public ImmutableArray<SourceExtent> Extents { get; init; } = [];

    /// <summary>What a guest sees.</summary>
    public ulong Capacity { get; init; }

    /// <summary>Space taken.</summary>
    public ulong Allocation { get; init; }

    /// <summary>True when a client's document named an allocation; else it defaults to the capacity.</summary>
    public bool AllocationGiven { get; init; }

    /// <summary>Size of the container (st_size, or the device's end); 0 is not shown.</summary>
    public ulong Physical { get; init; }

    public VolumeTarget Target { get; init; } = VolumeTarget.Empty;

    public BackingStore? BackingStore { get; init; }
}

/// <summary>A piece of a source device, in bytes.</summary>
public readonly record struct SourceExtent(string Device, ulong Start, ulong End);

/// <summary>The <c>target</c> element of a volume.</summary>
public sealed record VolumeTarget
{
    public static VolumeTarget Empty { get; } = new();

    /// <summary>Path that a client of the storage uses; null until allocated.</summary>
    public string? Path { get; init; }

    /// <summary>A name of <c>PoolTypeInfo.VolumeFormats</c>; null where the type has none.</summary>
    public string? Format { get; init; }

    public Permissions? Permissions { get; init; }

    public Timestamps? Timestamps { get; init; }

    public VolumeEncryption? Encryption { get; init; }

    /// <summary>qcow2 compatibility level, <c>0.10</c> or <c>1.1</c>.</summary>
    public string? Compat { get; init; }

    /// <summary>Ask btrfs not to copy this file on write.</summary>
    public bool NoCow { get; init; }

    /// <summary>qcow2 cluster size; 0 when not known or asked for.</summary>
    public ulong ClusterSize { get; init; }

    /// <summary>Null when the element is absent; an empty element is <see cref="VolumeFeatures.None"/>.</summary>
    public VolumeFeatures? Features { get; init; }
}

/// <summary>Features of a qcow2 version 3 image.</summary>
[Flags]
public enum VolumeFeatures
{
    None = 0,
    LazyRefcounts = 1,
    ExtendedL2 = 2,
}

/// <summary>A point in time of a file, to the nanosecond. Formats as seconds, with a fraction of nine digits unless that is zero.</summary>
public readonly record struct FileTime(long Seconds, uint Nanoseconds) : ISpanFormattable
{
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        Nanoseconds == 0
            ? Seconds.TryFormat(destination, out charsWritten, provider: CultureInfo.InvariantCulture)
            : destination.TryWrite(CultureInfo.InvariantCulture, $"{Seconds}.{Nanoseconds:d9}", out charsWritten);

    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{this}");
}

/// <summary>Times of a volume's file.</summary>
public sealed record Timestamps(FileTime Access, FileTime Modify, FileTime Change, FileTime Birth);

/// <summary>What a volume is encrypted with.</summary>
/// <param name="Format"><c>luks</c>, <c>luks2</c>, <c>qcow</c> or <c>default</c>.</param>
public sealed record VolumeEncryption(string Format)
{
    public ImmutableArray<EncryptionSecret> Secrets { get; init; } = [];

    public string? Engine { get; init; }

    public EncryptionCipher? Cipher { get; init; }

    public EncryptionIvgen? Ivgen { get; init; }
}

/// <summary>A secret of an encrypted volume; <paramref name="Type"/> is <c>passphrase</c>.</summary>
public sealed record EncryptionSecret(string Type, SecretReference Reference);

/// <summary>Cipher settings as the document gives them.</summary>
public sealed record EncryptionCipher(string Name, uint Size, string? Mode, string? Hash);

/// <summary>Initialisation vector generator settings as the document gives them.</summary>
public sealed record EncryptionIvgen(string Name, string? Hash);

/// <summary>What a volume is layered on.</summary>
public sealed record BackingStore(string Path, string? Format)
{
    public Permissions? Permissions { get; init; }

    public Timestamps? Timestamps { get; init; }
}
