using System.Buffers.Binary;
using System.Text;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Fills pool directories without asking a daemon.</summary>
internal static class ImageFiles
{
    private const long Capacity = 1 << 20;

    /// <summary>Sparse files of 1 MiB without a format.</summary>
    public static Contents Raw(int count) => new($"raw-{count}", Keep: true, directory =>
    {
        for (var i = 0; i < count; i++)
        {
            Write(Path.Combine(directory, $"volume-{i:d5}.img"), [], Capacity);
        }
    });

    /// <summary>Empty qcow2 images in chains of that length: each image's backing file is the one before it.</summary>
    public static Contents Qcow2Chains(int count, int length) => new($"qcow2-{count}-{length}", Keep: true, directory =>
    {
        for (var i = 0; i < count; i++)
        {
            var backing = i % length == 0 ? null : Path.Combine(directory, $"volume-{i - 1:d5}.qcow2");
            Write(Path.Combine(directory, $"volume-{i:d5}.qcow2"), Qcow2Header(backing), 4 * 65536);
        }
    });

    /// <summary>So many files with that much data each, spread as extents of 1 MiB over the length: <c>volume-0</c> and on.</summary>
    public static Contents Data(int count, long length, long data) => new($"data-{count}-{length}-{data}", Keep: false, directory =>
    {
        for (var i = 0; i < count; i++)
        {
            WriteData(Path.Combine(directory, $"volume-{i}"), length, data);
        }
    });

    /// <summary>A qcow2 image full of data, without holes: <c>volume-0</c>.</summary>
    public static Contents Qcow2Data(long length) => new($"qcow2-data-{length}", Keep: false, directory =>
    {
        var raw = Path.Combine(directory, "raw");
        var image = Path.Combine(directory, "volume-0");
        WriteData(raw, length, length);
        Tool.Run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image);
        File.Delete(raw);
        Open(image);
    });

    /// <summary>Gives every file a new modification time, so that nobody can know it unchanged.</summary>
    public static void Touch(string directory)
    {
        var now = DateTime.UtcNow;
        foreach (var file in Directory.EnumerateFiles(directory))
        {
            File.SetLastWriteTimeUtc(file, now);
        }
    }

    private static void WriteData(string path, long length, long data)
    {
        const int Extent = 1 << 20;
        var bytes = new byte[Extent];
        new Random(1).NextBytes(bytes);
        using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
        {
            var extents = data / Extent;
            for (long i = 0; i < extents; i++)
            {
                RandomAccess.Write(file, bytes, i * (length / extents / Extent) * Extent);
            }

            RandomAccess.SetLength(file, length);
        }

        Open(path);
    }

    /// <summary>The header of docs/interop/qcow2.txt (QEMU), version 2, with the backing file's name behind it.</summary>
    private static byte[] Qcow2Header(string? backing)
    {
        const int HeaderSize = 72;
        var name = Encoding.UTF8.GetBytes(backing ?? "");
        var header = new byte[HeaderSize + 8 + name.Length];
        BinaryPrimitives.WriteUInt32BigEndian(header, 0x514649fb);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), 2);
        if (backing is not null)
        {
            BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(8), HeaderSize + 8);
            BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(16), (uint)name.Length);
            name.CopyTo(header, HeaderSize + 8);
        }

        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(20), 16); // cluster bits
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(24), Capacity);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(36), 1); // L1 entries
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(40), 3 * 65536); // L1 table
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(48), 65536); // refcount table
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(56), 1); // its clusters
        return header;
    }

    private static void Write(string path, ReadOnlySpan<byte> content, long length)
    {
        using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.Write(file, content, 0);
            RandomAccess.SetLength(file, length);
        }

        Open(path);
    }

    /// <summary>The daemons may run as another user.</summary>
    private static void Open(string path) => File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
}
