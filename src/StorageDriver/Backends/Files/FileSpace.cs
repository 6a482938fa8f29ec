using Cistern.Storage.Host;
using Cistern.Storage.Pools;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>Takes and fills space of open files in steps that a pool's time limit measures, with progress and cancellation between them.</summary>
internal static class FileSpace
{
    /// <summary>Bytes written or copied in one step.</summary>
    public const int WriteStep = 16 * 1024 * 1024;

    private const long AllocateStep = 1L << 30;
    private const int BlockUnit = 512;
    private static readonly byte[] Zeros = new byte[1024 * 1024];

    /// <summary>Takes space without writing; false when the file system cannot. What cannot fit is refused before others' space runs out.</summary>
    /// <exception cref="Errors.StorageException">38/18, for example no space left.</exception>
    public static async ValueTask<bool> TryAllocateAsync(
        PoolThreads threads, SafeFileHandle file, long offset, long end, JobProgress? progress, CancellationToken cancellation)
    {
        if (offset < end && !await threads.RunAsync(() => Fits(file, end - offset), cancellation).ConfigureAwait(false))
        {
            SystemCall.Check(-Errno.NoSpace, $"cannot allocate {end - offset} bytes");
        }

        while (offset < end)
        {
            long from = offset;
            long length = Math.Min(AllocateStep, end - from);
            int result = await threads.RunAsync(() => FileSpaceCalls.Allocate(file, from, length), cancellation).ConfigureAwait(false);
            if (result is -Errno.NotSupported or -Errno.NotImplemented)
            {
                return false;
            }

            SystemCall.Check(result, $"cannot allocate {length} bytes");
            offset += length;
            Tell(progress, offset);
        }

        return true;
    }

    /// <summary>Writes zeros.</summary>
    /// <exception cref="Errors.StorageException">38/18.</exception>
    public static async ValueTask WriteZerosAsync(
        PoolThreads threads, SafeFileHandle file, long offset, long end, JobProgress? progress, CancellationToken cancellation)
    {
        while (offset < end)
        {
            long from = offset;
            long to = Math.Min(from + WriteStep, end);
            await threads.RunAsync(() => WriteZeros(file, from, to), cancellation).ConfigureAwait(false);
            offset = to;
            Tell(progress, offset);
        }
    }

    /// <exception cref="Errors.StorageException">38/18.</exception>
    public static void WriteAll(SafeFileHandle file, ReadOnlySpan<byte> data, long offset)
    {
        while (!data.IsEmpty)
        {
            int written = FileDataCalls.Write(file, data, offset);
            if (written != -Errno.Interrupted)
            {
                SystemCall.Check(written, "cannot write to a volume");
                data = data[written..];
                offset += written;
            }
        }
    }

    /// <summary>Writes zeros, all on the caller's thread.</summary>
    /// <exception cref="Errors.StorageException">38/18.</exception>
    public static void WriteZeros(SafeFileHandle file, long offset, long end)
    {
        long start = offset;
        while (offset < end)
        {
            int length = (int)Math.Min(Zeros.Length, end - offset);
            WriteAll(file, Zeros.AsSpan(0, length), offset);
            offset += length;
        }

        FileSpaceCalls.StartWriting(file, start, end - start);
    }

    public static void Tell(JobProgress? progress, long bytes)
    {
        if (progress is not null)
        {
            progress.Allocated = (ulong)bytes;
        }
    }

    /// <summary>Whether the file system has room for as much as the file does not take yet; one that does not tell its size may have.</summary>
    private static bool Fits(SafeFileHandle file, long length) =>
        FileSystemStatus.Get(file, out FileSystemStatus system) < 0
        || system.Numbers.Capacity == 0
        || FileStatusCalls.Get(file, out FileStatus status) < 0
        || length - (status.Blocks * BlockUnit) <= (long)system.Numbers.Available;
}
