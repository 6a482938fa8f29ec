using System.Buffers;
using Cistern.Storage.Backends.Rbd.Native;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>
/// Writes an image: what comes in a row goes in larger pieces, several of them on their way at once. A failure is met by a later call, by
/// <see cref="DrainAsync"/> at the latest. Results are negated error numbers.
/// </summary>
/// <param name="write">Begins to write that many bytes of the buffer at an offset.</param>
internal sealed class WriteBehind(Func<long, NativeBuffer, int, Task<long>> write)
{
    /// <summary>Bytes of a piece, which begins at a multiple of that where it can: a part of one object.</summary>
    public const int PieceSize = 1024 * 1024;

    /// <summary>Pieces on their way.</summary>
    private const int Window = 16;

    private readonly Queue<(Task<long> Writing, NativeBuffer Buffer)> _underway = new();
    private NativeBuffer? _piece;
    private long _start;
    private int _filled;
    private long _end;
    private int _failure;

    public bool IsEmpty => _filled == 0 && _underway.Count == 0;

    public async Task<int> WriteAsync(long offset, ReadOnlySequence<byte> data)
    {
        if (offset < _end)
        {
            // Pieces that overlap must not be on their way together.
            await DrainAsync().ConfigureAwait(false);
        }

        if (_filled > 0 && offset != _start + _filled)
        {
            await SendAsync().ConfigureAwait(false);
        }

        while (!data.IsEmpty && _failure == 0)
        {
            data = data.Slice(Fill(offset, data));
            offset = _start + _filled;
            if (offset % PieceSize == 0)
            {
                await SendAsync().ConfigureAwait(false);
            }
        }

        return _failure;
    }

    /// <summary>Returns when all that was written has arrived.</summary>
    public async Task<int> DrainAsync()
    {
        await SendAsync().ConfigureAwait(false);
        while (_underway.Count > 0)
        {
            await TakeAsync().ConfigureAwait(false);
        }

        _end = 0;
        return _failure;
    }

    /// <summary>Returns when nothing is on its way any more; what has not been sent is dropped.</summary>
    public async Task AbandonAsync()
    {
        _filled = 0;
        await DrainAsync().ConfigureAwait(false);
        _piece?.Dispose();
        _piece = null;
    }

    /// <summary>Takes bytes up to the end of the piece; how many.</summary>
    private int Fill(long offset, ReadOnlySequence<byte> data)
    {
        _piece ??= new NativeBuffer(PieceSize);
        _start = _filled == 0 ? offset : _start;
        int count = (int)Math.Min(data.Length, PieceSize - (offset % PieceSize));
        data.Slice(0, count).CopyTo(_piece.Span[_filled..]);
        _filled += count;
        return count;
    }

    private async Task SendAsync()
    {
        if (_filled == 0)
        {
            return;
        }

        while (_underway.Count >= Window)
        {
            await TakeAsync().ConfigureAwait(false);
        }

        _underway.Enqueue((write(_start, _piece!, _filled), _piece!));
        _end = Math.Max(_end, _start + _filled);
        _piece = null;
        _filled = 0;
    }

    private async Task TakeAsync()
    {
        (Task<long> writing, NativeBuffer buffer) = _underway.Dequeue();
        long result = await RbdImage.WaitAsync(writing).ConfigureAwait(false);
        _ = ReleaseAsync(writing, buffer);
        _failure = _failure == 0 && result < 0 ? (int)result : _failure;
    }

    private static async Task ReleaseAsync(Task writing, NativeBuffer buffer)
    {
        await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        buffer.Dispose();
    }
}
