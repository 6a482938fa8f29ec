using Cistern.Storage.Definitions;

namespace Cistern.Storage.Images;

/// <summary>What the header of an image says. Nothing in it can be trusted: a guest may have written it.</summary>
/// <param name="Format">A name of <c>FileFormats</c>; anything unknown is <c>raw</c>.</param>
public readonly record struct ImageHeader(string Format)
{
    /// <summary>Bytes that a guest sees; null when the format does not say (raw, iso) or says nonsense; see <see cref="CapacityIn"/>.</summary>
    public ulong? Capacity { get; init; }

    /// <summary>The backing file as recorded, see <see cref="BackingString"/>; null when there is none.</summary>
    public string? BackingPath { get; init; }

    /// <summary>The recorded format of the backing file; null when the image does not say. A format that libvirt does not know reads as <c>raw</c>.</summary>
    public string? BackingFormat { get; init; }

    /// <summary><c>luks</c>, <c>qcow</c>, or null for a plain image.</summary>
    public string? Encryption { get; init; }

    /// <summary>Bytes before the data of an encrypted raw image.</summary>
    public ulong PayloadOffset { get; init; }

    /// <summary><c>1.1</c> for qcow2 version 3, else null.</summary>
    public string? Compat { get; init; }

    /// <summary>Bytes; 0 when the format does not say.</summary>
    public ulong ClusterSize { get; init; }

    /// <summary>Null for all but qcow2 version 3.</summary>
    public VolumeFeatures? Features { get; init; }

    /// <summary>What keeps a qcow2 image from being copied byte by byte.</summary>
    public Qcow2State State { get; init; }

    /// <summary>Bytes that a guest sees, for an image whose file has <paramref name="fileSize"/> bytes.</summary>
    public ulong CapacityIn(ulong fileSize) => Capacity ?? (fileSize > PayloadOffset ? fileSize - PayloadOffset : 0);
}

/// <summary>Peculiarities of a qcow2 image.</summary>
[Flags]
public enum Qcow2State
{
    None = 0,
    Dirty = 1,
    Corrupt = 2,
    DataFile = 4,
    Snapshots = 8,
    Bitmaps = 16,

    /// <summary>Anything else that a new image of the same options would not have: other refcounts, compression, features not known here.</summary>
    Other = 32,
}
