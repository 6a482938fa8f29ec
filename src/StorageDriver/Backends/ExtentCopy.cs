using System.Buffers;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends;

/// <summary>Copies a whole volume into another that is there, whatever storage they are on. The next piece is read while one is written.</summary>
internal static class ExtentCopy
{
    /// <summary>Bytes: a whole object of the usual distributed stores.</summary>
    private const int PieceSize = 4 * 1024 * 1024;

    /// <summary>Bytes looked at for zeros at once: an extent may be mostly zeros, as that of a store that knows only whole objects.</summary>
    private const int BlockSize = 64 * 1024;

    /// <summary>Bytes of a hole filled at once, so that the work can be cancelled in between.</summary>
    private const long ZeroStep = 64L * 1024 * 1024;

    /// <param name="readsZeros">The target reads as zeros before: zeros of the source need not be written.</param>
    /// <param name="progress">Told the bytes written.</param>
    /// <exception cref="StorageException">38: an end cannot be read or written, or the target is too small; as the storage's own.</exception>
    public static async ValueTask RunAsync(
        IVolumeExtents from, IVolumeExtents to, bool readsZeros, JobProgress progress, CancellationToken cancellation)
    {
        if (from.Length > to.Length)
        {
            throw StorageErrors.System(Errno.NoSpace, $"a volume of {from.Length} bytes cannot be copied to one of {to.Length} bytes");
        }

        long offset = 0;
        while (offset < from.Length)
        {
            VolumeExtent extent = await from.NextExtentAsync(offset, cancellation).ConfigureAwait(false);
            long end = Math.Min(offset + extent.Length, from.Length);
            if (end == offset)
            {
                throw BecameShorter();
            }

            if (!extent.IsHole)
            {
                await CopyAsync(from, to, offset, end, readsZeros, progress, cancellation).ConfigureAwait(false);
            }
            else if (!readsZeros)
            {
                await ZeroAsync(to, offset, end, progress, cancellation).ConfigureAwait(false);
            }

            offset = end;
        }

        await to.FlushAsync(cancellation).ConfigureAwait(false);
    }

    private static async ValueTask ZeroAsync(IVolumeExtents to, long offset, long end, JobProgress progress, CancellationToken cancellation)
    {
        while (offset < end)
        {
            long length = Math.Min(ZeroStep, end - offset);
            await to.ZeroAsync(offset, length, cancellation).ConfigureAwait(false);
            offset += length;
            progress.Allocated = (ulong)offset;
        }
    }

    private static async ValueTask CopyAsync(
        IVolumeExtents from, IVolumeExtents to, long offset, long end, bool readsZeros, JobProgress progress, CancellationToken cancellation)
    {
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        byte[] next = ArrayPool<byte>.Shared.Rent(PieceSize);
        Task writing = Task.CompletedTask;
        try
        {
            while (offset < end)
            {
                int read = await from.ReadAtAsync(offset, piece.AsMemory(0, (int)Math.Min(PieceSize, end - offset)), cancellation).ConfigureAwait(false);
                if (read == 0)
                {
                    throw BecameShorter();
                }

                await writing.ConfigureAwait(false);
                progress.Allocated = (ulong)offset;
                writing = readsZeros
                    ? WriteDataAsync(to, offset, piece.AsMemory(0, read), cancellation)
                    : to.WriteAtAsync(offset, new ReadOnlySequence<byte>(piece, 0, read), cancellation).AsTask();
                offset += read;
                (piece, next) = (next, piece);
            }

            await writing.ConfigureAwait(false);
            progress.Allocated = (ulong)offset;
        }
        finally
        {
            // What still writes has the buffer.
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ArrayPool<byte>.Shared.Return(piece);
            ArrayPool<byte>.Shared.Return(next);
        }
    }

    /// <summary>Writes what of a piece is not zeros.</summary>
    private static async Task WriteDataAsync(IVolumeExtents to, long offset, ReadOnlyMemory<byte> piece, CancellationToken cancellation)
    {
        for (int start = 0, end; start < piece.Length; start = end)
        {
            bool isZeros = BlockIsZeros(piece, start);
            end = Math.Min(start + BlockSize, piece.Length);
            while (end < piece.Length && BlockIsZeros(piece, end) == isZeros)
            {
                end = Math.Min(end + BlockSize, piece.Length);
            }

            if (!isZeros)
            {
                await to.WriteAtAsync(offset + start, new ReadOnlySequence<byte>(piece[start..end]), cancellation).ConfigureAwait(false);
            }
        }
    }

    private static bool BlockIsZeros(ReadOnlyMemory<byte> piece, int start) =>
        !piece.Span[start..Math.Min(start + BlockSize, piece.Length)].ContainsAnyExcept((byte)0);

    private static StorageException BecameShorter() => StorageErrors.System(Errno.InputOutput, "a volume became shorter while it was copied");
}
