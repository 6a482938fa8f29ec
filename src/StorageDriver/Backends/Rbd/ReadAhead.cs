using Cistern.Storage.Backends.Rbd.Native;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>Reads an image. Who reads on is read ahead for: several objects are on their way at once.</summary>
/// <param name="length">Bytes of the image.</param>
/// <param name="read">Begins to read, up to the buffer's size, at an offset.</param>
internal sealed class ReadAhead(long length, Func<long, NativeBuffer, int, Task<long>> read)
{
    /// <summary>Pieces on their way, of <see cref="WriteBehind.PieceSize"/> each.</summary>
    private const int Window = 16;

    private readonly Queue<Piece> _pieces = new();
    private long _expected = long.MaxValue;

    /// <summary>Reads up to the buffer's length; 0 at the end.</summary>
    /// <returns>Or a negated error number.</returns>
    public async Task<int> ReadAsync(long offset, Memory<byte> buffer)
    {
        if (offset >= length || buffer.IsEmpty)
        {
            return 0;
        }

        Find(offset, buffer.Length);
        Piece piece = _pieces.Peek();
        long got = await RbdImage.WaitAsync(piece.Reading).ConfigureAwait(false);
        if (got < 0)
        {
            Forget();
            return (int)got;
        }

        int within = (int)(offset - piece.Offset);
        int count = Math.Min(buffer.Length, piece.Length - within);
        piece.Buffer.Span.Slice(within, count).CopyTo(buffer.Span);
        _expected = offset + count;
        if (within + count == piece.Length)
        {
            _pieces.Dequeue().Buffer.Dispose();
        }

        return count;
    }

    /// <summary>Forgets what was read ahead: it may have changed, or is of no use.</summary>
    public void Forget()
    {
        while (_pieces.TryDequeue(out Piece? piece))
        {
            _ = piece.ReleaseAsync();
        }
    }

    /// <summary>Has the piece with the offset in front.</summary>
    private void Find(long offset, int wanted)
    {
        while (_pieces.TryPeek(out Piece? passed) && (offset < passed.Offset || offset >= passed.Offset + passed.Length))
        {
            _ = _pieces.Dequeue().ReleaseAsync();
        }

        // Holes may have been passed over.
        bool readsOn = offset >= _expected;
        if (_pieces.Count == 0)
        {
            Add(offset, readsOn ? WriteBehind.PieceSize : Math.Min(wanted, WriteBehind.PieceSize));
        }

        long next = _pieces.Last().Offset + _pieces.Last().Length;
        for (; readsOn && _pieces.Count < Window && next < length; next += WriteBehind.PieceSize)
        {
            Add(next, WriteBehind.PieceSize);
        }
    }

    private void Add(long offset, int size)
    {
        int count = (int)Math.Min(size, length - offset);
        NativeBuffer buffer = new(count);
        _pieces.Enqueue(new Piece(offset, count, buffer, read(offset, buffer, count)));
    }

    private sealed record Piece(long Offset, int Length, NativeBuffer Buffer, Task<long> Reading)
    {
        public async Task ReleaseAsync()
        {
            await ((Task)Reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Buffer.Dispose();
        }
    }
}
