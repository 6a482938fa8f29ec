using System.Buffers.Binary;

namespace Cistern.Storage.Backends.Blocks;

/// <summary>Recognises what a device is labelled with, as libvirt does: by one magic value each.</summary>
internal static class DiskLabel
{
    /// <summary>Bytes from the beginning of a device that are looked at.</summary>
    public const int Size = 1024;

    public const string Unknown = "unknown";

    /// <summary>The label's name among the source formats of disk pools.</summary>
    public static string Detect(ReadOnlySpan<byte> beginning) =>
        Holds(beginning, 0x218, "LVM2 001"u8) ? "lvm2"
        : Holds(beginning, 0x200, "EFI PART"u8) ? "gpt"
        : Holds(beginning, 0, [0x0B, 0xE5, 0xA9, 0x41]) ? "dvh"
        : Holds(beginning, 0, "ER"u8) ? "mac"
        : Holds(beginning, 0x40, [0x57, 0x45, 0x56, 0x82]) ? "bsd"
        : Holds(beginning, 0x1FC, [0xDA, 0xBE]) ? "sun"
        //// What parted writes there; the signature of pc98 is that of dos, whose comes last because others have it too.
        : Holds(beginning, 0, [0xCB, 0, 0, 0, (byte)'I', (byte)'P', (byte)'L', (byte)'1']) ? "pc98"
        : beginning.Length >= 0x200 && BinaryPrimitives.ReadUInt16LittleEndian(beginning[0x1FE..]) == 0xAA55 ? "dos"
        : Unknown;

    private static bool Holds(ReadOnlySpan<byte> beginning, int offset, ReadOnlySpan<byte> magic) =>
        beginning.Length >= offset + magic.Length && beginning[offset..].StartsWith(magic);
}
