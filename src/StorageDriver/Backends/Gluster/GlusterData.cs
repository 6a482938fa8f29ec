using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>The bytes of a file of a gluster volume, or of a part of it.</summary>
internal sealed class GlusterData : IBlockingVolume
{
    private readonly GlusterFile _file;
    private readonly string _path;
    private readonly long _start;

    /// <param name="path">For errors.</param>
    /// <param name="start">Where the part begins, in bytes.</param>
    /// <param name="length">Of the part, which cannot grow, and leaves the file open; null: to the end of the file.</param>
    public GlusterData(GlusterFile file, string path, long start = 0, long? length = null)
    {
        _file = file;
        _path = path;
        _start = start;
        Grows = length is null;
        Length = length ?? Check(GlusterCalls.Size(file), "look at");
    }

    public long Length { get; }

    public bool Grows { get; }

    /// <exception cref="StorageException">38/38.</exception>
    public static GlusterData Open(GlusterVolume volume, GlusterPlace place, string name, FileAccess access)
    {
        string path = place.UriOf(name);
        int flags = access == FileAccess.Read ? OpenFlags.ReadOnly : OpenFlags.ReadWrite;
        int result = GlusterCalls.Open(volume, place.PathOf(name), flags, out GlusterFile? file);
        if (file is null)
        {
            throw Failed(result, "open", path);
        }

        try
        {
            return new GlusterData(file, path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public int Read(long offset, Span<byte> buffer)
    {
        int wanted = Grows ? buffer.Length : (int)Math.Clamp(Length - offset, 0, buffer.Length);
        int total = 0;
        while (total < wanted)
        {
            long read = GlusterCalls.Read(_file, buffer[total..wanted], _start + offset + total);
            if (read == -Errno.Interrupted)
            {
                continue;
            }

            if (Check(read, "read from") == 0)
            {
                break;
            }

            total += (int)read;
        }

        return total;
    }

    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            long written = GlusterCalls.Write(_file, data, _start + offset);
            if (written == -Errno.Interrupted)
            {
                continue;
            }

            int count = (int)Check(written == 0 ? -Errno.NoSpace : written, "write to");
            data = data[count..];
            offset += count;
        }
    }

    public VolumeExtent NextExtent(long offset)
    {
        long length = Grows ? Check(GlusterCalls.Size(_file), "look at") : Length;
        if (offset >= length)
        {
            return default;
        }

        long data = GlusterCalls.Seek(_file, _start + offset, GlusterCalls.NextData);
        if (data == -Errno.NoSuchDevice || data - _start >= length)
        {
            return new VolumeExtent(IsHole: true, length - offset);
        }

        if (data > _start + offset)
        {
            return new VolumeExtent(IsHole: true, data - _start - offset);
        }

        // Servers of which one does not know of holes: all of it is data.
        long hole = data < 0 ? length : GlusterCalls.Seek(_file, _start + offset, GlusterCalls.NextHole) - _start;
        return new VolumeExtent(IsHole: false, (hole <= offset ? length : Math.Min(hole, length)) - offset);
    }

    public void Zero(long offset, long length)
    {
        long end = offset + length;
        long size = Grows ? Check(GlusterCalls.Size(_file), "look at") : Length;
        long inside = Math.Min(end, size);
        if (inside > offset && GlusterCalls.Punch(_file, _start + offset, inside - offset) < 0)
        {
            WriteZeros(offset, inside);
        }

        if (end > size)
        {
            Check(GlusterCalls.SetLength(_file, end), "extend");
        }
    }

    /// <summary>Gives a range's space back.</summary>
    /// <exception cref="StorageException">74/18: it cannot be; 38/38.</exception>
    public void Discard(long offset, long length)
    {
        int result = GlusterCalls.Punch(_file, _start + offset, length);
        if (result is -Errno.NotSupported or -Errno.NotImplemented)
        {
            throw StorageErrors.TrimNotSupported();
        }

        Check(result, "trim");
    }

    /// <summary>Takes space for a range; where the servers cannot without writing, only new files get it, by writing zeros.</summary>
    /// <param name="isNew">There are no data in the range.</param>
    public void Allocate(long offset, long length, bool isNew)
    {
        int result = GlusterCalls.Allocate(_file, _start + offset, length);
        if (result is not (-Errno.NotSupported or -Errno.NotImplemented))
        {
            Check(result, "allocate space of");
        }
        else if (isNew)
        {
            WriteZeros(offset, offset + length);
        }
    }

    public void SetLength(long length) => Check(GlusterCalls.SetLength(_file, length), "change the length of");

    public void Flush() => Check(GlusterCalls.Synchronise(_file), "sync data to");

    public void Dispose()
    {
        if (Grows)
        {
            _file.Dispose();
        }
    }

    private void WriteZeros(long offset, long end)
    {
        const int Step = 1024 * 1024;
        byte[] zeros = new byte[(int)Math.Min(Step, end - offset)];
        for (; offset < end; offset += zeros.Length)
        {
            Write(offset, zeros.AsSpan(0, (int)Math.Min(zeros.Length, end - offset)));
        }
    }

    private long Check(long result, string what) => result >= 0 ? result : throw Failed(result, what, _path);

    private static StorageException Failed(long result, string what, string path) =>
        StorageErrors.System((int)-result, $"cannot {what} volume '{path}'", StorageErrorDomain.Streams);
}
