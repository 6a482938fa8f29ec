using System.Text;

namespace Cistern.Storage.Images;

/// <summary>
/// Recognises image formats by libvirt's rules: magic and version, looked for within the first 0x8200 bytes; anything else is raw.
/// Formats without a magic (bochs, cloop, dmg, fat) are never recognised. No content makes it throw.
/// </summary>
public static class ImageProbe
{
    private const int FirstRead = 1024;
    private const int SectorSize = 512;
    private const int IsoMagicOffset = 32769;

    private static ReadOnlySpan<byte> IsoMagic => "CD001"u8;

    public static ImageHeader Probe(IImageReader reader)
    {
        var image = new HeaderBytes(reader, stackalloc byte[FirstRead]);
        try
        {
            return Recognise(ref image);
        }
        finally
        {
            image.Dispose();
        }
    }

    private static ImageHeader Recognise(ref HeaderBytes image)
    {
        var head = image.Read;
        if (head.StartsWith("QFI"u8))
        {
            return Qcow2Header.Parse(ref image) ?? Raw;
        }

        if (head.StartsWith("KDMV"u8))
        {
            return image.LittleEndian32(4) is >= 1 and <= 3 ? Vmdk(ref image) : Raw;
        }

        if (head.StartsWith("QED"u8))
        {
            return Qed(ref image);
        }

        if (head.StartsWith("conectix"u8))
        {
            return image.BigEndian32(12) == 0x10000 ? Sized("vpc", image.BigEndian64(40)) : Raw;
        }

        if (head.StartsWith("WithouFreSpacExt"u8))
        {
            return Sized("ploop", image.LittleEndian64(36), SectorSize);
        }

        if (head.StartsWith("OOOM"u8))
        {
            return image.BigEndian32(4) == 2 ? Cow(ref image) : Raw;
        }

        if (image.Matches(64, [0x7f, 0x10, 0xda, 0xbe]))
        {
            return image.LittleEndian32(68) == 0x10001 ? Sized("vdi", image.LittleEndian64(368)) : Raw;
        }

        return Luks(ref image) ?? (IsIso(ref image) ? new ImageHeader("iso") : Raw);
    }

    private static ImageHeader Raw => new("raw");

    /// <summary>Sizes that no file can have are dropped.</summary>
    internal static ulong? Capacity(ulong? size, uint unit = 1) => size <= (ulong)long.MaxValue / unit ? size * unit : null;

    /// <summary>A path of at most 4095 bytes up to the first zero byte; null when it is empty.</summary>
    internal static string? PathText(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        bytes = end < 0 ? bytes : bytes[..end];
        return bytes.IsEmpty || bytes.Length > 4095 ? null : Encoding.UTF8.GetString(bytes);
    }

    private static ImageHeader Sized(string format, ulong? size, uint unit = 1) => new(format) { Capacity = Capacity(size, unit) };

    /// <summary>LUKS version 1; later versions have no fixed place for the payload's offset and count as raw.</summary>
    private static ImageHeader? Luks(ref HeaderBytes image)
    {
        if (!image.Matches(0, [(byte)'L', (byte)'U', (byte)'K', (byte)'S', 0xba, 0xbe, 0, 1]))
        {
            return null;
        }

        return Raw with { Encryption = "luks", PayloadOffset = (ulong)(image.BigEndian32(104) ?? 0) * SectorSize };
    }

    private static bool IsIso(ref HeaderBytes image)
    {
        Span<byte> magic = stackalloc byte[5];
        return image.Peek(magic, IsoMagicOffset) == magic.Length && magic.SequenceEqual(IsoMagic);
    }

    private static ImageHeader Cow(ref HeaderBytes image) => Sized("cow", image.BigEndian64(1036)) with
    {
        BackingPath = image.TryGet(8, 1024, out var path) ? PathText(path) : null,
    };

    private static ImageHeader Qed(ref HeaderBytes image)
    {
        const ulong HasBackingFile = 1;
        const ulong BackingFileIsRaw = 4;
        var header = Sized("qed", image.LittleEndian64(48));
        if (image.LittleEndian64(16) is not { } features || (features & HasBackingFile) == 0)
        {
            return header;
        }

        var offset = image.LittleEndian32(56) ?? 0;
        var length = image.LittleEndian32(60) ?? 0;
        return length > HeaderBytes.Limit || !image.TryGet(offset, (int)length, out var path) ? header : header with
        {
            BackingPath = PathText(path),
            BackingFormat = (features & BackingFileIsRaw) != 0 ? "raw" : null,
        };
    }

    /// <summary>The parent is named in the text descriptor behind the first sector.</summary>
    private static ImageHeader Vmdk(ref HeaderBytes image)
    {
        var header = Sized("vmdk", image.LittleEndian64(12), SectorSize);
        var descriptor = image.All();
        if (descriptor.Length <= SectorSize)
        {
            return header;
        }

        descriptor = UpTo(descriptor[SectorSize..], 0);
        var key = "parentFileNameHint=\""u8;
        var at = descriptor.IndexOf(key);
        if (at < 0)
        {
            return header;
        }

        var value = descriptor[(at + key.Length)..];
        var end = value.IndexOf((byte)'"');
        return end < 0 ? header : header with { BackingPath = PathText(value[..end]) };
    }

    private static ReadOnlySpan<byte> UpTo(ReadOnlySpan<byte> bytes, byte end)
    {
        var at = bytes.IndexOf(end);
        return at < 0 ? bytes : bytes[..at];
    }
}
