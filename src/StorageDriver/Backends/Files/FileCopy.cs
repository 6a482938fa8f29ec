using System.Buffers;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>Copies a volume's data into a new file, leaving holes out. The file has its length already and no data.</summary>
internal sealed class FileCopy(PoolContext pool, IVolumeExtents from, SafeFileHandle to, JobProgress progress)
{
    private const int BufferSize = 1024 * 1024;

    /// <summary>Bytes that the file takes: what was taken beforehand, or what has been written if that is more.</summary>
    private long _allocated;
    private long _written;

    /// <summary>Shares the source's blocks (FICLONE): no data is read or written, no space promised. 0, or the negated error number.</summary>
    /// <param name="length">The file's length afterwards, at least the source's.</param>
    public async ValueTask<int> TryShareAsync(long length, CancellationToken cancellation)
    {
        if (from.Handle is not { } source)
        {
            return -Errno.NotSupported;
        }

        return await pool.Threads.RunAsync(
            () =>
            {
                int result = FileSpaceCalls.Clone(source, to);
                return result < 0 ? result : FileSpaceCalls.SetLength(to, length);
            },
            cancellation).ConfigureAwait(false);
    }

    /// <param name="sparse">Holes may stay holes; else the file is to take <paramref name="allocation"/> bytes.</param>
    public async ValueTask RunAsync(bool sparse, long allocation, CancellationToken cancellation)
    {
        bool holesStay = sparse || await FileSpace.TryAllocateAsync(pool.Threads, to, 0, allocation, progress, cancellation).ConfigureAwait(false);
        _allocated = sparse || !holesStay ? 0 : allocation;
        bool inKernel = from.Handle is not null && (sparse || await NeverSharesAsync(cancellation).ConfigureAwait(false));
        long offset = 0;
        while (true)
        {
            VolumeExtent extent = await from.NextExtentAsync(offset, cancellation).ConfigureAwait(false);
            if (extent.Length == 0)
            {
                break;
            }

            long end = offset + extent.Length;
            if (!extent.IsHole)
            {
                await CopyAsync(offset, end, inKernel, cancellation).ConfigureAwait(false);
            }
            else if (!holesStay)
            {
                await FileSpace.WriteZerosAsync(pool.Threads, to, offset, end, null, cancellation).ConfigureAwait(false);
                Wrote(extent.Length);
            }

            offset = end;
        }

        if (!holesStay)
        {
            await FileSpace.WriteZerosAsync(pool.Threads, to, offset, allocation, progress, cancellation).ConfigureAwait(false);
        }
    }

    private Task<bool> NeverSharesAsync(CancellationToken cancellation) =>
        pool.Threads.RunAsync(() => FileSystemStatus.Get(to, out FileSystemStatus status) == 0 && status.NeverSharesBlocks, cancellation);

    private async ValueTask CopyAsync(long offset, long end, bool inKernel, CancellationToken cancellation)
    {
        if (inKernel)
        {
            long copied = await CopyInKernelAsync(offset, end, cancellation).ConfigureAwait(false);
            offset += copied;
        }

        if (offset < end)
        {
            await CopyThroughBufferAsync(offset, end, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Bytes copied, fewer than asked for when the kernel cannot copy between these files.</summary>
    private async ValueTask<long> CopyInKernelAsync(long start, long end, CancellationToken cancellation)
    {
        long offset = start;
        while (offset < end)
        {
            long at = offset;
            long length = Math.Min(FileSpace.WriteStep, end - at);
            long copied = await pool.Threads.RunAsync(() => CopyRange(at, length), cancellation).ConfigureAwait(false);
            if (copied is 0 or -Errno.CrossDevice or -Errno.InvalidArgument or -Errno.NotSupported or -Errno.NotImplemented)
            {
                break;
            }

            copied = copied == -Errno.Interrupted ? 0 : SystemCall.Check(copied, "cannot copy a volume's data");
            offset += copied;
            Wrote(copied);
        }

        return offset - start;
    }

    private long CopyRange(long offset, long length)
    {
        long copied = FileSpaceCalls.CopyRange(from.Handle!, offset, to, offset, length);
        FileSpaceCalls.StartWriting(to, offset, Math.Max(copied, 1));
        return copied;
    }

    private async ValueTask CopyThroughBufferAsync(long offset, long end, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (offset < end)
            {
                Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(BufferSize, end - offset));
                int read = await from.ReadAtAsync(offset, part, cancellation).ConfigureAwait(false);
                if (read == 0)
                {
                    throw StorageErrors.System(Errno.InputOutput, "a volume became shorter while it was copied");
                }

                long at = offset;
                await pool.Threads.RunAsync(
                    () =>
                    {
                        FileSpace.WriteAll(to, part.Span[..read], at);
                        FileSpaceCalls.StartWriting(to, at, read);
                    },
                    cancellation).ConfigureAwait(false);
                offset += read;
                Wrote(read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Wrote(long bytes)
    {
        _written += bytes;
        FileSpace.Tell(progress, Math.Max(_written, _allocated));
    }
}
