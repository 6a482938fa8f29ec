using System.Buffers.Binary;

namespace Cistern.Storage.Backends.IscsiDirect;

/// <summary>Which way a command's data go; libiscsi's numbers.</summary>
internal enum ScsiDirection
{
    None = 0,
    In = 1,
    Out = 2,
}

/// <summary>A SCSI command (SPC-4, SBC-3): its descriptor block, and how much data go which way.</summary>
/// <param name="Length">Bytes of data.</param>
internal readonly record struct ScsiCommand(byte[] Descriptor, ScsiDirection Direction, int Length)
{
    private const byte ServiceActionIn = 0x9e;

    public static ScsiCommand TestUnitReady => new(new byte[6], ScsiDirection.None, 0);

    /// <summary>The standard data of a unit.</summary>
    public static ScsiCommand Inquiry(ushort length) => Inquiry(vital: false, page: 0, length);

    /// <summary>A page of vital product data.</summary>
    public static ScsiCommand Inquiry(byte page, ushort length) => Inquiry(vital: true, page, length);

    public static ScsiCommand ReportUnits(int length)
    {
        byte[] block = new byte[12];
        block[0] = 0xa0;
        BinaryPrimitives.WriteUInt32BigEndian(block.AsSpan(6), (uint)length);
        return new ScsiCommand(block, ScsiDirection.In, length);
    }

    public static ScsiCommand ReadCapacity()
    {
        byte[] block = Long(ServiceActionIn, 0, ScsiReplies.CapacitySize);
        block[1] = 0x10;
        return new ScsiCommand(block, ScsiDirection.In, ScsiReplies.CapacitySize);
    }

    /// <summary>Asks which blocks from <paramref name="first"/> on hold data.</summary>
    public static ScsiCommand GetBlockStatus(ulong first, int length)
    {
        byte[] block = Long(ServiceActionIn, first, (uint)length);
        block[1] = 0x12;
        return new ScsiCommand(block, ScsiDirection.In, length);
    }

    public static ScsiCommand Read(ulong first, uint count, int length) => new(Long(0x88, first, count), ScsiDirection.In, length);

    public static ScsiCommand Write(ulong first, uint count, int length) => new(Long(0x8a, first, count), ScsiDirection.Out, length);

    /// <summary>Writes one block's data to many blocks, or gives those back which then read as those data.</summary>
    public static ScsiCommand WriteSame(ulong first, uint count, int blockSize, bool unmap)
    {
        byte[] block = Long(0x93, first, count);
        block[1] = (byte)(unmap ? 8 : 0);
        return new ScsiCommand(block, ScsiDirection.Out, blockSize);
    }

    /// <summary>Gives blocks back; <see cref="UnmapList"/> says which.</summary>
    public static ScsiCommand Unmap()
    {
        byte[] block = new byte[10];
        block[0] = 0x42;
        BinaryPrimitives.WriteUInt16BigEndian(block.AsSpan(7), UnmapListSize);
        return new ScsiCommand(block, ScsiDirection.Out, UnmapListSize);
    }

    /// <summary>Bytes of <see cref="UnmapList"/>.</summary>
    public const int UnmapListSize = 24;

    public static byte[] UnmapList(ulong first, uint count)
    {
        byte[] list = new byte[UnmapListSize];
        BinaryPrimitives.WriteUInt16BigEndian(list, UnmapListSize - 2);
        BinaryPrimitives.WriteUInt16BigEndian(list.AsSpan(2), UnmapListSize - 8);
        BinaryPrimitives.WriteUInt64BigEndian(list.AsSpan(8), first);
        BinaryPrimitives.WriteUInt32BigEndian(list.AsSpan(16), count);
        return list;
    }

    /// <summary>Has all that was written on the medium.</summary>
    public static ScsiCommand Synchronise() => new(Long(0x91, 0, 0), ScsiDirection.None, 0);

    private static ScsiCommand Inquiry(bool vital, byte page, ushort length)
    {
        byte[] block = [0x12, (byte)(vital ? 1 : 0), page, 0, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(block.AsSpan(3), length);
        return new ScsiCommand(block, ScsiDirection.In, length);
    }

    private static byte[] Long(byte operation, ulong first, uint count)
    {
        byte[] block = new byte[16];
        block[0] = operation;
        BinaryPrimitives.WriteUInt64BigEndian(block.AsSpan(2), first);
        BinaryPrimitives.WriteUInt32BigEndian(block.AsSpan(10), count);
        return block;
    }
}
