using System.Buffers;
using Cistern.Storage.Commands;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Sheepdog;

/// <summary>
/// An open volume of a cluster. Each access is a command, so that pieces of several objects are read at once, and small writes are collected until
/// they fill one. A piece of zeros is a hole.
/// </summary>
internal sealed class SheepdogExtents(HostContext host, SheepdogSession node, string name, long length) : IVolumeExtents
{
    /// <summary>Bytes; pieces begin at multiples, as objects do.</summary>
    private const int PieceSize = 16 * 1024 * 1024;

    private readonly byte[] _piece = new byte[PieceSize];

    /// <summary>Where in the volume the piece begins; negative: it holds nothing.</summary>
    private long _start = -1;

    /// <summary>The part of the piece that is not written yet.</summary>
    private Range _dirty;
    private int _count;

    public long Length => length;

    public SafeFileHandle? Handle => null;

    public async ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellation)
    {
        if (offset >= length)
        {
            return 0;
        }

        await LoadAsync(offset, cancellation).ConfigureAwait(false);
        int at = (int)(offset - _start);
        int read = Math.Min(buffer.Length, _count - at);
        _piece.AsMemory(at, read).CopyTo(buffer);
        return read;
    }

    public async ValueTask WriteAtAsync(long offset, ReadOnlySequence<byte> data, CancellationToken cancellation)
    {
        RequireWithin(offset, data.Length);
        while (!data.IsEmpty)
        {
            int at = await MoveToAsync(offset, cancellation).ConfigureAwait(false);
            int taken = (int)Math.Min(data.Length, SizeOf(_start) - at);
            data.Slice(0, taken).CopyTo(_piece.AsSpan(at));
            _dirty = (_dirty.Equals(default) ? at : _dirty.Start)..(at + taken);
            data = data.Slice(taken);
            offset += taken;
        }
    }

    public async ValueTask<VolumeExtent> NextExtentAsync(long offset, CancellationToken cancellation)
    {
        if (offset >= length)
        {
            return default;
        }

        await LoadAsync(offset, cancellation).ConfigureAwait(false);
        int at = (int)(offset - _start);
        return new VolumeExtent(IsHole: !_piece.AsSpan(at.._count).ContainsAnyExcept((byte)0), _count - at);
    }

    /// <summary>Only what is not zero already is written: an object that is missing need not be made.</summary>
    public async ValueTask ZeroAsync(long offset, long count, CancellationToken cancellation)
    {
        RequireWithin(offset, count);
        for (long end = offset + count; offset < end;)
        {
            await LoadAsync(offset, cancellation).ConfigureAwait(false);
            int at = (int)(offset - _start);
            int taken = (int)Math.Min(end - offset, _count - at);
            if (_piece.AsSpan(at, taken).ContainsAnyExcept((byte)0))
            {
                _piece.AsSpan(at, taken).Clear();
                await WriteAsync(offset, _piece.AsMemory(at, taken), cancellation).ConfigureAwait(false);
            }

            offset += taken;
        }
    }

    public ValueTask FlushAsync(CancellationToken cancellation) => WriteBackAsync(cancellation);

    /// <summary>What was not flushed is given up.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static long StartOf(long offset) => offset - (offset % PieceSize);

    private int SizeOf(long start) => (int)Math.Min(PieceSize, length - start);

    private void RequireWithin(long offset, long count)
    {
        if (count > length - offset)
        {
            throw StorageErrors.System(Errno.NoSpace, $"cannot write to volume '{name}'", StorageErrorDomain.Streams);
        }
    }

    /// <summary>Has the piece hold what the volume has around an offset.</summary>
    private async ValueTask LoadAsync(long offset, CancellationToken cancellation)
    {
        await WriteBackAsync(cancellation).ConfigureAwait(false);
        long start = StartOf(offset);
        if (start == _start && _count > 0)
        {
            return;
        }

        int size = SizeOf(start);
        _count = 0;
        CommandResult result = await RunAsync(SheepdogCommands.Read(node, name, start, size), cancellation).ConfigureAwait(false);
        if (result.Data.Length != size)
        {
            throw StorageErrors.System(Errno.InputOutput, $"cannot read volume '{name}': {result.Data.Length} of {size} bytes came", StorageErrorDomain.Streams);
        }

        result.Data.CopyTo(_piece);
        (_start, _count) = (start, size);
    }

    /// <summary>Has the piece take what is written at an offset, behind what it has taken already; returns where in it.</summary>
    private async ValueTask<int> MoveToAsync(long offset, CancellationToken cancellation)
    {
        long start = StartOf(offset);
        int at = (int)(offset - start);
        bool follows = start == _start && _count == 0 && !_dirty.Equals(default) && _dirty.End.Value == at;
        if (!follows)
        {
            await WriteBackAsync(cancellation).ConfigureAwait(false);
            (_start, _count) = (start, 0);
        }

        return at;
    }

    private async ValueTask WriteBackAsync(CancellationToken cancellation)
    {
        if (!_dirty.Equals(default))
        {
            var (at, count) = _dirty.GetOffsetAndLength(PieceSize);
            _dirty = default;
            await WriteAsync(_start + at, _piece.AsMemory(at, count), cancellation).ConfigureAwait(false);
            _start = -1;
        }
    }

    private async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> data, CancellationToken cancellation) =>
        await RunAsync(SheepdogCommands.Write(node, name, offset, data), cancellation).ConfigureAwait(false);

    private async Task<CommandResult> RunAsync(Command command, CancellationToken cancellation)
    {
        CommandResult result = await host.Commands.RunAsync(command, cancellation).ConfigureAwait(false);
        return result.ExitCode == 0 ? result : throw StorageErrors.CommandFailed(CommandLine.Describe(command, host.Tools), result);
    }
}
