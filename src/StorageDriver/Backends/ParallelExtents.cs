using System.Buffers;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends;

/// <summary>
/// An open volume that is far away: several pieces are on the way at once. What is read in order is read ahead, and what is written is collected
/// and written behind, so that a failure to write may be told by a later call, by <see cref="FlushAsync"/> at the latest.
/// </summary>
internal sealed class ParallelExtents(PoolThreads threads, IBlockingVolume volume) : IVolumeExtents
{
    /// <summary>Bytes of a piece; each ends at a multiple of it.</summary>
    public const int PieceSize = 1024 * 1024;

    /// <summary>Pieces on the way: as many as the pool has threads.</summary>
    private const int Window = PoolThreads.Limit;

    /// <summary>Bytes of a hole filled by one call.</summary>
    private const long ZeroStep = 64L * 1024 * 1024;

    private readonly Queue<Ahead> _ahead = new();
    private readonly Queue<Behind> _behind = new();
    private readonly Stack<byte[]> _spare = new();
    private Behind? _filling;
    private StorageException? _failure;

    /// <summary>Where the last read ended; what begins there is read ahead.</summary>
    private long _position = -1;
    private bool _disposed;

    public long Length => volume.Length;

    public SafeFileHandle? Handle => null;

    /// <summary>The volume, for what is not said in terms of extents.</summary>
    public IBlockingVolume Volume => volume;

    public async ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellation)
    {
        await DrainAsync().ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        bool inOrder = offset == _position;
        int read = inOrder ? await ReadAheadAsync(offset, buffer).ConfigureAwait(false) : await ReadNowAsync(offset, buffer).ConfigureAwait(false);
        _position = offset + read;
        return read;
    }

    public async ValueTask WriteAtAsync(long offset, ReadOnlySequence<byte> data, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        ThrowIfFailed();
        DropAhead();
        if (!volume.Grows && (offset > Length || data.Length > Length - offset))
        {
            throw StorageErrors.System(Errno.NoSpace, $"cannot write beyond the end of a volume of {Length} bytes", StorageErrorDomain.Streams);
        }

        if (_filling is { } piece && offset != piece.End)
        {
            await DrainAsync().ConfigureAwait(false);
        }

        while (!data.IsEmpty)
        {
            _filling ??= new Behind(offset, Spare());
            int count = (int)Math.Min(data.Length, _filling.Room);
            data.Slice(0, count).CopyTo(_filling.Take(count));
            data = data.Slice(count);
            offset += count;
            if (_filling.Room == 0)
            {
                await SendAsync().ConfigureAwait(false);
            }
        }
    }

    public async ValueTask<VolumeExtent> NextExtentAsync(long offset, CancellationToken cancellation)
    {
        await DrainAsync().ConfigureAwait(false);
        return await threads.RunAsync(() => volume.NextExtent(offset), cancellation).ConfigureAwait(false);
    }

    public async ValueTask ZeroAsync(long offset, long length, CancellationToken cancellation)
    {
        DropAhead();
        await DrainAsync().ConfigureAwait(false);
        for (long end = offset + length; offset < end;)
        {
            (long from, long step) = (offset, Math.Min(ZeroStep, end - offset));
            await threads.RunAsync(() => volume.Zero(from, step), cancellation).ConfigureAwait(false);
            offset += step;
        }
    }

    public async ValueTask FlushAsync(CancellationToken cancellation)
    {
        await DrainAsync().ConfigureAwait(false);
        await threads.RunAsync(volume.Flush, cancellation).ConfigureAwait(false);
    }

    /// <summary>What has not been written yet is not: only a flush says that it was.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        try
        {
            await threads.RunAsync(volume.Dispose, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // The storage hangs; the volume goes when it answers.
        }
    }

    private async ValueTask<int> ReadNowAsync(long offset, Memory<byte> buffer)
    {
        DropAhead();
        List<Task<int>> parts = [];
        for (int at = 0; at < buffer.Length; at += PieceSize)
        {
            (long from, Memory<byte> part) = (offset + at, buffer.Slice(at, Math.Min(PieceSize, buffer.Length - at)));
            parts.Add(threads.RunAsync(() => volume.Read(from, part.Span), CancellationToken.None));
        }

        int[] counts = await Task.WhenAll(parts).ConfigureAwait(false);
        int read = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            read += counts[i];
            if (counts[i] < Math.Min(PieceSize, buffer.Length - (i * PieceSize)))
            {
                break;
            }
        }

        return read;
    }

    private async ValueTask<int> ReadAheadAsync(long offset, Memory<byte> buffer)
    {
        int read = 0;
        while (read < buffer.Length)
        {
            while (_ahead.TryPeek(out Ahead? over) && over.End <= offset)
            {
                _ahead.Dequeue();
                _spare.Push(over.Buffer);
            }

            FillAhead(offset);
            if (!_ahead.TryPeek(out Ahead? piece))
            {
                break;
            }

            int there = await piece.Reading.ConfigureAwait(false);
            int begin = (int)(offset - piece.Offset);
            int count = Math.Min(buffer.Length - read, there - begin);
            if (count <= 0)
            {
                break;
            }

            piece.Buffer.AsMemory(begin, count).CopyTo(buffer[read..]);
            read += count;
            offset += count;
        }

        return read;
    }

    private void FillAhead(long offset)
    {
        long next = _ahead.Count == 0 ? offset : _ahead.Last().End;
        while (_ahead.Count < Window && next < Length)
        {
            long end = Math.Min(Length, (next / PieceSize * PieceSize) + PieceSize);
            (long from, int length, byte[] buffer) = (next, (int)(end - next), Spare());
            _ahead.Enqueue(new Ahead(
                from, end, buffer, threads.RunAsync(() => volume.Read(from, buffer.AsSpan(0, length)), CancellationToken.None)));
            next = end;
        }
    }

    /// <summary>Forgets what was read ahead; buffers still being filled are left to the garbage collector.</summary>
    private void DropAhead()
    {
        _position = -1;
        while (_ahead.TryDequeue(out Ahead? piece))
        {
            if (piece.Reading.IsCompletedSuccessfully)
            {
                _spare.Push(piece.Buffer);
            }
        }
    }

    private async ValueTask SendAsync()
    {
        Behind piece = _filling!;
        _filling = null;
        if (_behind.Count == Window)
        {
            await EndOneAsync().ConfigureAwait(false);
        }

        piece.Writing = threads.RunAsync(() => volume.Write(piece.Offset, piece.Data), CancellationToken.None);
        _behind.Enqueue(piece);
    }

    /// <summary>Returns when all that was given to be written is.</summary>
    private async ValueTask DrainAsync()
    {
        if (_filling is not null)
        {
            await SendAsync().ConfigureAwait(false);
        }

        while (_behind.Count > 0)
        {
            await EndOneAsync().ConfigureAwait(false);
        }

        ThrowIfFailed();
    }

    private async ValueTask EndOneAsync()
    {
        Behind piece = _behind.Dequeue();
        try
        {
            await piece.Writing.ConfigureAwait(false);
            _spare.Push(piece.Buffer);
        }
        catch (StorageException error)
        {
            _failure ??= error;
            throw;
        }
    }

    private void ThrowIfFailed()
    {
        if (_failure is not null)
        {
            throw _failure;
        }
    }

    private byte[] Spare() => _spare.TryPop(out byte[]? buffer) ? buffer : new byte[PieceSize];

    private sealed record Ahead(long Offset, long End, byte[] Buffer, Task<int> Reading);

    private sealed class Behind(long offset, byte[] buffer)
    {
        private readonly int _size = (int)(PieceSize - (offset % PieceSize));
        private int _used;

        public long Offset => offset;

        public byte[] Buffer => buffer;

        public long End => offset + _used;

        public int Room => _size - _used;

        public ReadOnlySpan<byte> Data => buffer.AsSpan(0, _used);

        public Task Writing { get; set; } = Task.CompletedTask;

        public Span<byte> Take(int count)
        {
            Span<byte> taken = buffer.AsSpan(_used, count);
            _used += count;
            return taken;
        }
    }
}
