using System.Buffers.Binary;

namespace Cistern.Storage.Backends.IscsiDirect;

/// <summary>The size of a unit, and what it does with blocks given back.</summary>
/// <param name="BlockSize">Bytes.</param>
/// <param name="IsThin">It can give blocks back and tell which it has.</param>
/// <param name="ReadsZeros">Blocks given back read as zeros.</param>
internal readonly record struct ScsiCapacity(ulong Blocks, uint BlockSize, bool IsThin, bool ReadsZeros);

/// <summary>The most that one command may do, in blocks; 0: no limit is known.</summary>
internal readonly record struct ScsiLimits(uint Transfer, uint Unmap, ulong WriteSame);

/// <summary>Reads what units answer. Data that end early read as nothing.</summary>
internal static class ScsiReplies
{
    public const int CapacitySize = 32;
    public const int UnitListHeader = 8;
    public const int UnitSize = 8;
    public const int LimitsSize = 64;

    /// <summary>The vital product page with <see cref="Limits"/>.</summary>
    public const byte LimitsPage = 0xb0;

    private const int StatusHeader = 8;
    private const int StatusSize = 16;
    private const int Deallocated = 1;

    /// <summary>Whether standard inquiry data are those of a disk that is there.</summary>
    public static bool IsDisk(ReadOnlySpan<byte> inquiry) => inquiry.Length > 0 && inquiry[0] == 0;

    /// <summary>Bytes of the whole list, whatever part of it came.</summary>
    public static int UnitListLength(ReadOnlySpan<byte> list) =>
        list.Length < UnitListHeader ? 0 : UnitListHeader + (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(list), 1u << 20);

    /// <summary>The numbers of units that are addressed by a number alone.</summary>
    public static IReadOnlyList<int> Units(ReadOnlySpan<byte> list)
    {
        List<int> units = [];
        int end = Math.Min(list.Length, UnitListLength(list));
        for (int at = UnitListHeader; at + UnitSize <= end; at += UnitSize)
        {
            ushort address = BinaryPrimitives.ReadUInt16BigEndian(list[at..]);
            switch (address >> 14)
            {
                case 0 when address <= byte.MaxValue:
                    units.Add(address);
                    break;
                case 1:
                    units.Add(address & 0x3fff);
                    break;
            }
        }

        return units;
    }

    public static ScsiCapacity Capacity(ReadOnlySpan<byte> data) =>
        data.Length < 12
            ? default
            : new ScsiCapacity(
                BinaryPrimitives.ReadUInt64BigEndian(data) + 1,
                BinaryPrimitives.ReadUInt32BigEndian(data[8..]),
                data.Length > 14 && (data[14] & 0x80) != 0,
                data.Length > 14 && (data[14] & 0x40) != 0);

    public static ScsiLimits Limits(ReadOnlySpan<byte> page) =>
        page.Length < 12 || page[1] != LimitsPage
            ? default
            : new ScsiLimits(
                BinaryPrimitives.ReadUInt32BigEndian(page[8..]),
                page.Length < 24 ? 0 : BinaryPrimitives.ReadUInt32BigEndian(page[20..]),
                page.Length < 44 ? 0 : BinaryPrimitives.ReadUInt64BigEndian(page[36..]));

    /// <summary>What begins at a block: a hole or data, and how many blocks of it; 0 blocks when the answer does not say.</summary>
    public static (bool IsHole, ulong Blocks) Status(ReadOnlySpan<byte> data, ulong first)
    {
        bool isHole = false;
        ulong end = first;
        for (int at = StatusHeader; at + StatusSize <= data.Length; at += StatusSize)
        {
            ulong start = BinaryPrimitives.ReadUInt64BigEndian(data[at..]);
            ulong count = BinaryPrimitives.ReadUInt32BigEndian(data[(at + 8)..]);
            bool deallocated = (data[at + 12] & 0x0f) == Deallocated;
            if (start > end || start + count <= end || (end > first && deallocated != isHole))
            {
                break;
            }

            isHole = deallocated;
            end = start + count;
        }

        return (isHole, end - first);
    }
}
