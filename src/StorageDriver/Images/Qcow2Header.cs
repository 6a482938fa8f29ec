using System.Text;
using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Images;

/// <summary>Reads qcow and qcow2 headers (QEMU's docs/interop/qcow2.txt).</summary>
internal static class Qcow2Header
{
    public const uint Magic = 0x514649fb;
    public const uint BackingFormatExtension = 0xe2792aca;
    public const uint FeatureNamesExtension = 0x6803f857;
    public const uint BitmapsExtension = 0x23852875;
    public const uint DataFileExtension = 0x44415441;
    public const int Version2Length = 72;
    public const int Version3Length = 104;
    public const int MaximumBackingPath = 1023;

    /// <summary>Bits of incompatible features.</summary>
    public const ulong Dirty = 1, Corrupt = 2, DataFile = 4, Compression = 8, ExtendedL2 = 16;

    /// <summary>Bit of autoclear features.</summary>
    public const ulong BitmapsConsistent = 1;

    /// <summary>Refcounts of 16 bits.</summary>
    public const int UsualRefcountOrder = 4;

    /// <summary>Bit of compatible features.</summary>
    public const ulong LazyRefcounts = 1;

    /// <summary>Null when the version is none that libvirt knows.</summary>
    public static ImageHeader? Parse(ref HeaderBytes image) => image.BigEndian32(4) switch
    {
        1 => ParseQcow(ref image),
        2 => ParseQcow2(ref image, version: 2),
        3 => ParseQcow2(ref image, version: 3),
        _ => null,
    };

    private static ImageHeader ParseQcow(ref HeaderBytes image) => new("qcow")
    {
        Capacity = ImageProbe.Capacity(image.BigEndian64(24)),
        Encryption = image.BigEndian32(36) == 1 ? "qcow" : null,
        BackingPath = ParseBackingPath(ref image),
    };

    private static ImageHeader ParseQcow2(ref HeaderBytes image, int version)
    {
        var header = new ImageHeader("qcow2")
        {
            Capacity = ImageProbe.Capacity(image.BigEndian64(24)),
            ClusterSize = image.BigEndian32(20) is { } bits and > 0 and < 64 ? 1ul << (int)bits : 0,
            Encryption = image.BigEndian32(32) switch { 1 => "qcow", 2 => "luks", _ => null },
            BackingPath = ParseBackingPath(ref image),
            State = image.BigEndian32(60) > 0 ? Qcow2State.Snapshots : Qcow2State.None,
        };
        if (version == 3)
        {
            header = ParseFeatures(ref image, header);
        }

        if (header.BackingPath is null && image.BigEndian64(8) is not 0)
        {
            header = header with { State = header.State | Qcow2State.Other };
        }

        return ParseExtensions(ref image, header, version == 3 ? image.BigEndian32(100) ?? Version3Length : Version2Length);
    }

    private static ImageHeader ParseFeatures(ref HeaderBytes image, ImageHeader header)
    {
        if (image.BigEndian64(72) is not { } incompatible || image.BigEndian64(80) is not { } compatible)
        {
            return header;
        }

        var features = (compatible & LazyRefcounts) != 0 ? VolumeFeatures.LazyRefcounts : VolumeFeatures.None;
        features |= (incompatible & ExtendedL2) != 0 ? VolumeFeatures.ExtendedL2 : VolumeFeatures.None;
        var state = header.State;
        state |= (incompatible & Dirty) != 0 ? Qcow2State.Dirty : Qcow2State.None;
        state |= (incompatible & Corrupt) != 0 ? Qcow2State.Corrupt : Qcow2State.None;
        state |= (incompatible & DataFile) != 0 ? Qcow2State.DataFile : Qcow2State.None;
        var isUsual = (incompatible & ~(Dirty | Corrupt | DataFile | ExtendedL2)) == 0
            && (compatible & ~LazyRefcounts) == 0
            && image.BigEndian64(88) is 0 or BitmapsConsistent // to be cleared by who does not know it
            && image.BigEndian32(96) is UsualRefcountOrder;
        state |= isUsual ? Qcow2State.None : Qcow2State.Other;
        return header with { Compat = "1.1", Features = features, State = state };
    }

    private static string? ParseBackingPath(ref HeaderBytes image)
    {
        var offset = image.BigEndian64(8) ?? 0;
        var length = image.BigEndian32(16) ?? 0;
        return offset == 0 || length > MaximumBackingPath || !image.TryGet(offset, (int)length, out var path) ? null : ImageProbe.PathText(path);
    }

    /// <summary>Extensions lie between the header and the backing path: type, length, data padded to 8 bytes; type 0 ends them.</summary>
    private static ImageHeader ParseExtensions(ref HeaderBytes image, ImageHeader header, uint headerLength)
    {
        var backing = image.BigEndian64(8) ?? 0;
        var end = backing == 0 ? HeaderBytes.Limit : Math.Min(backing, HeaderBytes.Limit);
        for (ulong at = headerLength; at + 8 <= end;)
        {
            var type = image.BigEndian32(at);
            var length = image.BigEndian32(at + 4);
            if (type is null or 0 || length is not { } size || size > end - at - 8)
            {
                break;
            }

            header = ApplyExtension(ref image, header, type.Value, at + 8, (int)size);
            at += 8 + ((size + 7ul) & ~7ul);
        }

        return header;
    }

    private static ImageHeader ApplyExtension(ref HeaderBytes image, ImageHeader header, uint type, ulong offset, int length)
    {
        switch (type)
        {
            case BackingFormatExtension when header.BackingPath is not null && image.TryGet(offset, length, out var name):
                var format = Encoding.UTF8.GetString(name);
                return header with { BackingFormat = format != "none" && FileFormats.All.Contains(format) ? format : "raw" };
            case BitmapsExtension:
                return header with { State = header.State | Qcow2State.Bitmaps };
            case DataFileExtension:
                return header with { State = header.State | Qcow2State.DataFile };
            default:
                return header;
        }
    }
}
