using System.Buffers.Binary;
using System.Security.Cryptography;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Disk;

/// <summary>
/// A digest of every byte from which parted makes out the partitions. parted opens a disk for writing, and that it has closed it again is told to
/// whoever watches the disk as a change: so it is asked only when the bytes are others than when it was last asked.
/// </summary>
internal static class LabelBytes
{
    /// <summary>At each end of the disk; a GPT takes 33 sectors, of at most 4 KiB where its size depends on them.</summary>
    private const int EndSize = 256 * 1024;

    private const int RecordSize = 512;
    private const int EntriesOffset = 446;
    private const int EntrySize = 16;
    private const int PrimaryEntries = 4;
    private const int LinkEntry = 1;

    /// <summary>More logical partitions than the kernel takes.</summary>
    private const int MaxRecords = 256;

    /// <exception cref="Errors.StorageException">38/18.</exception>
    public static byte[] Digest(SafeFileHandle disk, string path)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long size = SystemCall.Check(FileSpaceCalls.End(disk), $"cannot find the end of device '{path}'");
        byte[] buffer = new byte[EndSize];
        Append(hash, disk, path, buffer, 0);
        byte[] record = buffer.AsSpan(0, RecordSize).ToArray();
        Append(hash, disk, path, buffer, Math.Max(0, size - EndSize));
        AppendRecords(hash, disk, path, record, DiskCalls.SectorSize(disk));
        hash.AppendData(BitConverter.GetBytes(size));
        return hash.GetHashAndReset();
    }

    /// <summary>The chain of records that logical partitions of a dos label stand in, each in front of its partition.</summary>
    private static void AppendRecords(IncrementalHash hash, SafeFileHandle disk, string path, byte[] record, long sectorSize)
    {
        long extended = Enumerable.Range(0, PrimaryEntries).Select(entry => Link(record, entry)).FirstOrDefault(link => link > 0);
        long next = extended;
        for (int count = 0; next > 0 && count < MaxRecords; count++)
        {
            Append(hash, disk, path, record, next * sectorSize);
            long link = Link(record, LinkEntry);
            next = link > 0 ? extended + link : 0;
        }
    }

    /// <summary>The first sector of an entry of a type for extended partitions; 0 when it is of another one.</summary>
    private static long Link(ReadOnlySpan<byte> record, int number)
    {
        ReadOnlySpan<byte> entry = record.Slice(EntriesOffset + (number * EntrySize), EntrySize);
        return entry[4] is 0x05 or 0x0F or 0x85 ? BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]) : 0;
    }

    private static void Append(IncrementalHash hash, SafeFileHandle disk, string path, byte[] buffer, long offset)
    {
        Array.Clear(buffer);
        int read = SystemCall.Check(FileDataCalls.Read(disk, buffer, offset), $"cannot read the label of device '{path}'");
        hash.AppendData(buffer.AsSpan(0, read));
    }
}
