using System.Buffers;
using System.Runtime.InteropServices;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>An open file or block device. Every call runs on the pool's threads; buffers are read into and written from in place.</summary>
internal sealed class FileExtents : IPipedExtents
{
    private readonly PoolThreads _threads;
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly bool _isDevice;

    private FileExtents(PoolThreads threads, SafeFileHandle file, string path, bool isDevice, long length)
    {
        _threads = threads;
        _file = file;
        _path = path;
        _isDevice = isDevice;
        Length = length;
    }

    public long Length { get; }

    public SafeFileHandle? Handle => _file;

    /// <exception cref="StorageException">38/38.</exception>
    public static async ValueTask<IVolumeExtents> OpenAsync(
        PoolContext pool, VolumeDefinition volume, FileAccess access, CancellationToken cancellation) =>
        await pool.Threads.RunAsync(() => Open(pool.Threads, volume.Target.Path!, access), cancellation).ConfigureAwait(false);

    public ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellation) =>
        new(_threads.RunAsync(
            () =>
            {
                int read;
                do
                {
                    read = FileDataCalls.Read(_file, buffer.Span, offset);
                }
                while (read == -Errno.Interrupted);
                return read >= 0 ? read : throw Failed(read, "read from");
            },
            cancellation));

    public ValueTask<int?> MoveAtAsync(long offset, SafeHandle pipe, int length, CancellationToken cancellation) =>
        new(_threads.RunAsync(() => Move(offset, pipe, length), cancellation));

    public ValueTask WriteAtAsync(long offset, ReadOnlySequence<byte> data, CancellationToken cancellation) =>
        new(_threads.RunAsync(() => Write(offset, data), cancellation));

    public ValueTask<VolumeExtent> NextExtentAsync(long offset, CancellationToken cancellation) =>
        new(_threads.RunAsync(() => Next(offset), cancellation));

    public async ValueTask ZeroAsync(long offset, long length, CancellationToken cancellation)
    {
        long end = offset + length;
        long rest = await _threads.RunAsync(() => Punch(offset, end), cancellation).ConfigureAwait(false);
        await FileSpace.WriteZerosAsync(_threads, _file, rest, end, null, cancellation).ConfigureAwait(false);
    }

    public ValueTask FlushAsync(CancellationToken cancellation) =>
        new(_threads.RunAsync(
            () =>
            {
                int result = FileSystemCalls.SynchroniseData(_file);
                if (result < 0)
                {
                    throw Failed(result, "sync data to");
                }
            },
            cancellation));

    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        return ValueTask.CompletedTask;
    }

    private static FileExtents Open(PoolThreads threads, string path, FileAccess access)
    {
        int mode = access switch { FileAccess.Read => OpenFlags.ReadOnly, FileAccess.Write => OpenFlags.WriteOnly, _ => OpenFlags.ReadWrite };
        int result = FileSystemCalls.Open(path, mode | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal, out SafeFileHandle? file);
        if (file is null)
        {
            throw Failed(result, "open", path);
        }

        result = FileStatusCalls.Get(file, out FileStatus status);
        bool isDevice = status.Type == FileType.BlockDevice;
        if (result == 0 && !isDevice && status.Type != FileType.Regular)
        {
            result = status.Type == FileType.Directory ? -Errno.IsDirectory : -Errno.InvalidArgument;
        }

        if (result < 0)
        {
            file.Dispose();
            throw Failed(result, "open", path);
        }

        return new FileExtents(threads, file, path, isDevice, isDevice ? FileSpaceCalls.End(file) : status.Size);
    }

    private int? Move(long offset, SafeHandle pipe, int length)
    {
        int total = 0;
        while (total < length)
        {
            long moved = FileDataCalls.Move(_file, offset + total, pipe, length - total);
            switch (moved)
            {
                case -Errno.InvalidArgument when total == 0:
                    return null;
                case -Errno.Interrupted:
                    break;
                case <= 0:
                    // What the pipe holds already is good; a failure is met again by the next call. A full pipe is no failure.
                    return moved == 0 || total > 0 ? total : throw Failed(moved, "read from");
                default:
                    total += (int)moved;
                    break;
            }
        }

        return total;
    }

    private void Write(long offset, ReadOnlySequence<byte> data)
    {
        while (!data.IsEmpty)
        {
            long written = FileDataCalls.Write(_file, data, offset);
            if (written == -Errno.Interrupted)
            {
                continue;
            }

            if (written <= 0)
            {
                throw Failed(written == 0 ? -Errno.NoSpace : written, "write to");
            }

            data = data.Slice(written);
            offset += written;
        }
    }

    private VolumeExtent Next(long offset)
    {
        long end = FileSpaceCalls.End(_file);
        if (offset >= end)
        {
            return default;
        }

        long data = FileSpaceCalls.NextData(_file, offset);
        if (data == -Errno.NoSuchDevice)
        {
            return new VolumeExtent(IsHole: true, end - offset);
        }

        if (data > offset)
        {
            return new VolumeExtent(IsHole: true, data - offset);
        }

        // A file system that does not know of holes, or a device: all of it is data.
        long hole = data < 0 ? end : FileSpaceCalls.NextHole(_file, offset);
        return new VolumeExtent(IsHole: false, (hole < 0 ? end : hole) - offset);
    }

    /// <summary>Makes a hole, or extends the file by one; what is left is to be written, from the result to the end of the range.</summary>
    private long Punch(long offset, long end)
    {
        if (_isDevice)
        {
            // Done only by a device that can do it itself, and guarantees zeros.
            return FileSpaceCalls.Punch(_file, offset, end - offset) < 0 ? offset : end;
        }

        long size = FileSpaceCalls.End(_file);
        long inside = Math.Min(end, size);
        if (inside > offset && FileSpaceCalls.Punch(_file, offset, inside - offset) < 0)
        {
            return offset;
        }

        int result = end > size ? FileSpaceCalls.SetLength(_file, end) : 0;
        return result < 0 ? throw Failed(result, "extend") : end;
    }

    private StorageException Failed(long result, string what) => Failed(result, what, _path);

    private static StorageException Failed(long result, string what, string path) =>
        StorageErrors.System((int)-result, $"cannot {what} volume '{path}'", StorageErrorDomain.Streams);
}
