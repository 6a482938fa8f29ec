using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Images;

/// <summary>An image to be made: what <c>qemu-img create</c>, <c>qemu-img convert</c> and the writer of qcow2 images are told.</summary>
public sealed record ImageOptions
{
    public const string DefaultCompat = "1.1";

    /// <summary>Absolute path of the new image.</summary>
    public required string Path { get; init; }

    /// <summary>A name of <c>FileFormats</c>, never <c>iso</c>.</summary>
    public required string Format { get; init; }

    /// <summary>Bytes.</summary>
    public ulong Capacity { get; init; }

    public string? BackingPath { get; init; }

    /// <summary>Set exactly when <see cref="BackingPath"/> is.</summary>
    public string? BackingFormat { get; init; }

    public ImagePreallocation Preallocation { get; init; }

    public bool NoCow { get; init; }

    /// <summary>Only for qcow2; null means <see cref="DefaultCompat"/>.</summary>
    public string? Compat { get; init; }

    /// <summary>Bytes; 0: QEMU's default.</summary>
    public ulong ClusterSize { get; init; }

    public VolumeFeatures Features { get; init; }

    /// <summary>LUKS; null for a plain image.</summary>
    public VolumeEncryption? Encryption { get; init; }

    /// <summary>Checks a volume by libvirt's rules and says what its image is to be.</summary>
    /// <param name="path">Absolute path of the file to make, which need not be the volume's yet.</param>
    /// <param name="preallocateMetadata">Flag 1 of volume creation; with an allocation of at least the capacity it allocates data too.</param>
    /// <param name="converting">The image is filled from another one: it has no backing file.</param>
    /// <exception cref="StorageException">67: a combination that is not possible; 8: not exactly one secret.</exception>
    public static ImageOptions For(VolumeDefinition volume, string path, bool preallocateMetadata, bool converting = false)
    {
        var target = volume.Target;
        var format = volume.Kind == VolumeKind.Block || target.Format is null or "iso" ? "raw" : target.Format;
        if (target.Encryption is { Secrets: not [_] } lacking)
        {
            throw StorageErrors.SecretCount(lacking.Secrets.Length);
        }

        CheckQcow2Only(target, format, preallocateMetadata);
        if (target.Encryption is { } encryption)
        {
            CheckEncryption(encryption, format);
        }

        if (volume.BackingStore is { } backing)
        {
            CheckBacking(backing, format, preallocateMetadata);
        }

        return new ImageOptions
        {
            Path = path,
            Format = format,
            Capacity = volume.Capacity,
            BackingPath = converting ? null : volume.BackingStore?.Path,
            BackingFormat = converting || volume.BackingStore is null ? null : volume.BackingStore.Format ?? FileFormats.Default,
            Preallocation = !preallocateMetadata ? ImagePreallocation.Off
                : volume.Capacity > volume.Allocation ? ImagePreallocation.Metadata : ImagePreallocation.Full,
            NoCow = target.NoCow,
            Compat = target.Compat,
            ClusterSize = target.ClusterSize,
            Features = target.Features ?? VolumeFeatures.None,
            Encryption = target.Encryption,
        };
    }

    private static void CheckQcow2Only(VolumeTarget target, string format, bool preallocateMetadata)
    {
        if (format == "qcow2")
        {
            if (target.Compat is not (null or "0.10" or DefaultCompat))
            {
                throw StorageErrors.ConfigUnsupported($"unknown compatibility level '{target.Compat}', neither '0.10' nor '{DefaultCompat}'");
            }

            if (target.Compat == "0.10" && target.Features is { } features and not VolumeFeatures.None)
            {
                throw StorageErrors.ConfigUnsupported($"volume features ({features}) need compatibility level 1.1, not {target.Compat}");
            }

            return;
        }

        if (preallocateMetadata)
        {
            throw StorageErrors.ConfigUnsupported($"metadata can be preallocated only with format 'qcow2', not '{format}'");
        }

        if (target.Compat is not null)
        {
            throw StorageErrors.ConfigUnsupported($"a compatibility level can be given only with format 'qcow2', not '{format}'");
        }

        if (target.Features is not null)
        {
            throw StorageErrors.ConfigUnsupported($"volume features can be given only with format 'qcow2', not '{format}'");
        }
    }

    private static void CheckEncryption(VolumeEncryption encryption, string format)
    {
        if (format is not ("raw" or "qcow2"))
        {
            throw StorageErrors.ConfigUnsupported($"volume encryption is not supported with format '{format}'");
        }

        if (encryption.Format != "luks")
        {
            throw format == "raw"
                ? StorageErrors.RawEncryptionNotSupported(encryption.Format)
                : StorageErrors.ConfigUnsupported($"volume encryption format '{encryption.Format}' is not supported, only 'luks'");
        }
    }

    private static void CheckBacking(BackingStore backing, string format, bool preallocateMetadata)
    {
        if (format == "raw")
        {
            throw StorageErrors.ConfigUnsupported("a volume of format 'raw' cannot have a backing store");
        }

        if (preallocateMetadata)
        {
            throw StorageErrors.ConfigUnsupported("metadata cannot be preallocated in a volume with a backing store");
        }

        if (!BackingString.IsPath(backing.Path))
        {
            throw StorageErrors.ConfigUnsupported($"backing store '{backing.Path}' is not a path");
        }
    }
}

/// <summary>What of an image is allocated when it is made.</summary>
public enum ImagePreallocation
{
    Off,

    /// <summary>Tables only.</summary>
    Metadata,

    /// <summary>Tables and data, without writing the data (qemu-img's <c>falloc</c>).</summary>
    Full,
}
