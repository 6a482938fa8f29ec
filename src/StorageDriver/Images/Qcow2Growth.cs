using System.Buffers.Binary;

namespace Cistern.Storage.Images;

/// <summary>How a qcow2 image grows whose first table has room for more: by two fields of its header, which lie in one sector.</summary>
/// <param name="TableOffset">Where the table's new entries, all of them zero, are.</param>
/// <param name="TableLength">Bytes of them.</param>
/// <param name="Header">What is to stand at <see cref="HeaderOffset"/>.</param>
internal sealed record Qcow2Growth(long TableOffset, int TableLength, byte[] Header)
{
    /// <summary>From the size to the table's length.</summary>
    public const int HeaderOffset = 24;

    private const int SizeField = 24, LengthField = 36, TableField = 40, SnapshotsField = 60, FeaturesField = 72;
    private const int SectorSize = 512;

    /// <summary>The growth of an image to a capacity in bytes, rounded up to whole sectors; null, and why, where it cannot be had this way.</summary>
    /// <param name="header">The image's beginning.</param>
    public static Qcow2Growth? Plan(ReadOnlySpan<byte> header, ulong capacity, out string why)
    {
        why = "it is no qcow2 image";
        if (header.Length < Qcow2Header.Version3Length
            || BinaryPrimitives.ReadUInt32BigEndian(header) != Qcow2Header.Magic
            || BinaryPrimitives.ReadUInt32BigEndian(header[4..]) is not (2 or 3))
        {
            return null;
        }

        ulong features = BinaryPrimitives.ReadUInt32BigEndian(header[4..]) == 3 ? BinaryPrimitives.ReadUInt64BigEndian(header[FeaturesField..]) : 0;
        int clusterBits = (int)BinaryPrimitives.ReadUInt32BigEndian(header[20..]);
        ulong size = BinaryPrimitives.ReadUInt64BigEndian(header[SizeField..]);
        ulong wanted = (capacity + SectorSize - 1) / SectorSize * SectorSize;
        if (wanted < size)
        {
            why = "an image can only grow";
            return null;
        }

        if (BinaryPrimitives.ReadUInt32BigEndian(header[SnapshotsField..]) != 0)
        {
            why = "it has snapshots";
            return null;
        }

        if ((features & ~Qcow2Header.ExtendedL2) != 0 || clusterBits is < 9 or > 21)
        {
            why = "it is in use or damaged, or has features that are not known";
            return null;
        }

        int entrySize = (features & Qcow2Header.ExtendedL2) != 0 ? Qcow2Layout.ExtendedEntrySize : Qcow2Layout.EntrySize;
        ulong reach = (1ul << (2 * clusterBits)) / (ulong)entrySize;
        uint entries = BinaryPrimitives.ReadUInt32BigEndian(header[LengthField..]);
        ulong needed = Math.Max(entries, (wanted + reach - 1) / reach);
        ulong clusters = ((ulong)entries * Qcow2Layout.EntrySize + (1ul << clusterBits) - 1) >> clusterBits;
        if (entries == 0 || needed * Qcow2Layout.EntrySize > clusters << clusterBits)
        {
            why = "its table has no room for that much";
            return null;
        }

        byte[] fields = header[HeaderOffset..TableField].ToArray();
        BinaryPrimitives.WriteUInt64BigEndian(fields, wanted);
        BinaryPrimitives.WriteUInt32BigEndian(fields.AsSpan(LengthField - HeaderOffset), (uint)needed);
        long table = (long)BinaryPrimitives.ReadUInt64BigEndian(header[TableField..]);
        return new Qcow2Growth(table + (entries * (long)Qcow2Layout.EntrySize), (int)(needed - entries) * Qcow2Layout.EntrySize, fields);
    }
}
