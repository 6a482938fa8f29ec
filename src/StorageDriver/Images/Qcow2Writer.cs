using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Images;

/// <summary>Makes plain qcow2 images (QEMU's docs/interop/qcow2.txt) as <c>qemu-img create</c> would, without a process.</summary>
public static class Qcow2Writer
{
    private const int ChunkSize = 1024 * 1024;

    /// <summary>Version 3 up to and including the compression type, padded to 8 bytes.</summary>
    private const int Version3HeaderLength = 112;

    /// <summary>The entry's cluster is used once.</summary>
    private const ulong Copied = 1ul << 63;

    private const ulong AllSubclustersAllocated = 0xffffffff;

    /// <summary>Whether <see cref="Write(SafeFileHandle, ImageOptions, CancellationToken)"/> can make the image: qcow2 without encryption whose size is known.</summary>
    public static bool CanWrite(ImageOptions image) =>
        image is { Format: "qcow2", Encryption: null } && (image.Capacity != 0 || image.BackingPath is null);

    /// <summary>
    /// Writes an image into an empty file and sets its length; the caller makes it durable. Metadata is preallocated when asked for;
    /// <see cref="ImagePreallocation.Full"/> leaves allocating the file's blocks to the caller.
    /// </summary>
    /// <exception cref="StorageException">67: cluster size or length of the backing path is not possible.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(SafeFileHandle file, ImageOptions image, CancellationToken cancellation) =>
        Write(new ImageFile(file), image, cancellation);

    /// <summary>As <see cref="Write(SafeFileHandle, ImageOptions, CancellationToken)"/>, whatever the image lies on; fails as that does.</summary>
    internal static void Write(IImageTarget file, ImageOptions image, CancellationToken cancellation)
    {
        if (!CanWrite(image))
        {
            throw new ArgumentException($"cannot write a {image.Format} image of {image.Capacity} bytes", nameof(image));
        }

        var layout = Qcow2Layout.For(image);
        var header = Header(image, layout);
        file.SetLength(layout.FileLength);
        WriteTable(file, layout.RefcountBlocksOffset, layout.Clusters, Qcow2Layout.RefcountSize, static (entry, _) => BinaryPrimitives.WriteUInt16BigEndian(entry, 1), cancellation);
        WriteTable(file, layout.RefcountTableOffset, layout.RefcountBlocks, Qcow2Layout.EntrySize, Pointers(layout.RefcountBlocksOffset, layout, flags: 0), cancellation);
        WriteTable(file, layout.L2Offset, layout.DataClusters, layout.L2EntrySize, DataPointers(layout), cancellation);
        WriteTable(file, layout.L1Offset, layout.L2Tables, Qcow2Layout.EntrySize, Pointers(layout.L2Offset, layout, Copied), cancellation);
        file.Write(header, 0);
    }

    private delegate void EntryWriter(Span<byte> entry, long index);

    /// <summary>Entries that point at consecutive clusters.</summary>
    private static EntryWriter Pointers(long offset, Qcow2Layout layout, ulong flags) =>
        (entry, index) => BinaryPrimitives.WriteUInt64BigEndian(entry, (ulong)(offset + (index * layout.ClusterSize)) | flags);

    private static EntryWriter DataPointers(Qcow2Layout layout)
    {
        var pointers = Pointers(layout.DataOffset, layout, Copied);
        return !layout.ExtendedL2 ? pointers : (entry, index) =>
        {
            pointers(entry, index);
            BinaryPrimitives.WriteUInt64BigEndian(entry[Qcow2Layout.EntrySize..], AllSubclustersAllocated);
        };
    }

    private static void WriteTable(IImageTarget file, long offset, long count, int entrySize, EntryWriter write, CancellationToken cancellation)
    {
        if (count == 0)
        {
            return;
        }

        var chunk = ArrayPool<byte>.Shared.Rent((int)Math.Min(ChunkSize, count * entrySize));
        try
        {
            var perChunk = chunk.Length / entrySize;
            for (long first = 0; first < count; first += perChunk)
            {
                cancellation.ThrowIfCancellationRequested();
                var entries = (int)Math.Min(perChunk, count - first);
                for (var i = 0; i < entries; i++)
                {
                    write(chunk.AsSpan(i * entrySize, entrySize), first + i);
                }

                file.Write(chunk.AsSpan(0, entries * entrySize), offset + (first * entrySize));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    /// <summary>Header, backing format, backing path.</summary>
    private static byte[] Header(ImageOptions image, Qcow2Layout layout)
    {
        var version = image.Compat == "0.10" ? 2u : 3u;
        var length = version == 2 ? Qcow2Header.Version2Length : Version3HeaderLength;
        var backing = image.BackingPath is null ? [] : Encoding.UTF8.GetBytes(image.BackingPath);
        var extension = image.BackingPath is null ? [] : BackingFormatExtension(image.BackingFormat!);
        var backingOffset = length + extension.Length;
        if (backing.Length > Qcow2Header.MaximumBackingPath || backingOffset + backing.Length > layout.ClusterSize)
        {
            throw StorageErrors.ConfigUnsupported($"the path of backing store '{image.BackingPath}' is too long for a qcow2 image");
        }

        var header = new byte[backingOffset + backing.Length];
        var fields = new FieldWriter(header);
        fields.UInt32(Qcow2Header.Magic);
        fields.UInt32(version);
        fields.UInt64(backing.Length == 0 ? 0 : (ulong)backingOffset);
        fields.UInt32((uint)backing.Length);
        fields.UInt32((uint)BitOperations.Log2((uint)layout.ClusterSize));
        fields.UInt64(layout.Capacity);
        fields.UInt32(0); // not encrypted
        fields.UInt32(layout.L1Entries);
        fields.UInt64(layout.L1Clusters == 0 ? 0 : (ulong)layout.L1Offset);
        fields.UInt64((ulong)layout.RefcountTableOffset);
        fields.UInt32((uint)layout.RefcountTableClusters);
        fields.UInt32(0); // snapshots
        fields.UInt64(0);
        if (version == 3)
        {
            fields.UInt64(layout.ExtendedL2 ? Qcow2Header.ExtendedL2 : 0);
            fields.UInt64(image.Features.HasFlag(VolumeFeatures.LazyRefcounts) ? Qcow2Header.LazyRefcounts : 0);
            fields.UInt64(0); // nothing to clear
            fields.UInt32(Qcow2Header.UsualRefcountOrder);
            fields.UInt32(Version3HeaderLength);
        }

        extension.CopyTo(header, length);
        backing.CopyTo(header, backingOffset);
        return header;
    }

    /// <summary>The extension and the end of extensions.</summary>
    private static byte[] BackingFormatExtension(string format)
    {
        const int TypeAndLength = 8;
        var padded = (format.Length + 7) & ~7;
        var bytes = new byte[TypeAndLength + padded + TypeAndLength];
        var fields = new FieldWriter(bytes);
        fields.UInt32(Qcow2Header.BackingFormatExtension);
        fields.UInt32((uint)format.Length);
        Encoding.ASCII.GetBytes(format, bytes.AsSpan(TypeAndLength));
        return bytes;
    }

    /// <summary>Big-endian fields one after the other.</summary>
    private ref struct FieldWriter(Span<byte> destination)
    {
        private Span<byte> _rest = destination;

        public void UInt32(uint value)
        {
            BinaryPrimitives.WriteUInt32BigEndian(_rest, value);
            _rest = _rest[4..];
        }

        public void UInt64(ulong value)
        {
            BinaryPrimitives.WriteUInt64BigEndian(_rest, value);
            _rest = _rest[8..];
        }
    }

    private sealed class ImageFile(SafeFileHandle file) : IImageTarget
    {
        public void SetLength(long length) => RandomAccess.SetLength(file, length);

        public void Write(ReadOnlySpan<byte> data, long offset) => RandomAccess.Write(file, data, offset);
    }
}
