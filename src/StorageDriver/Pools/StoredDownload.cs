using System.Runtime.InteropServices;
using Cistern.Storage.Backends;

namespace Cistern.Storage.Pools;

/// <summary>A download of a volume's bytes.</summary>
/// <param name="offset">The first byte to read.</param>
/// <param name="length">Bytes to be read; 0: to the end.</param>
internal sealed class StoredDownload(VolumeStream stream, long offset, long length, bool sparse) : VolumeDownload
{
    private readonly long _end = length == 0 || offset > long.MaxValue - length ? long.MaxValue : offset + length;
    private long _position = offset;

    /// <summary>Where the data at the position ends; until there no hole is looked for.</summary>
    private long _dataEnd = sparse ? offset : long.MaxValue;

    public override CancellationToken Aborted => stream.Aborted;

    public override ValueTask<DownloadChunk> ReadAsync(Memory<byte> buffer, CancellationToken cancellation) =>
        stream.RunAsync(extents => ReadAsync(extents, buffer, cancellation));

    public override ValueTask<DownloadChunk?> MoveAsync(SafeHandle pipe, int length, CancellationToken cancellation) =>
        stream.RunAsync(extents => MoveAsync(extents, pipe, length, cancellation));

    public override async ValueTask DisposeAsync() => await stream.CloseAsync().ConfigureAwait(false);

    private async ValueTask<DownloadChunk> ReadAsync(IVolumeExtents extents, Memory<byte> buffer, CancellationToken cancellation)
    {
        if (await HoleOrEndAsync(extents, cancellation).ConfigureAwait(false) is { } chunk)
        {
            return chunk;
        }

        return Passed(await extents.ReadAtAsync(_position, buffer[..Wanted(buffer.Length)], cancellation).ConfigureAwait(false));
    }

    private async ValueTask<DownloadChunk?> MoveAsync(IVolumeExtents extents, SafeHandle pipe, int length, CancellationToken cancellation)
    {
        if (extents is not IPipedExtents piped)
        {
            return null;
        }

        if (await HoleOrEndAsync(extents, cancellation).ConfigureAwait(false) is { } chunk)
        {
            return chunk;
        }

        return await piped.MoveAtAsync(_position, pipe, Wanted(length), cancellation).ConfigureAwait(false) is { } moved ? Passed(moved) : null;
    }

    /// <summary>What is at the position unless that is data.</summary>
    private async ValueTask<DownloadChunk?> HoleOrEndAsync(IVolumeExtents extents, CancellationToken cancellation)
    {
        if (_position < _end && _position < _dataEnd)
        {
            return null;
        }

        var extent = _position < _end ? await extents.NextExtentAsync(_position, cancellation).ConfigureAwait(false) : default;
        long length = Math.Min(extent.Length, _end - _position);
        if (length == 0)
        {
            return new DownloadChunk(DownloadChunkKind.End, 0);
        }

        if (!extent.IsHole)
        {
            _dataEnd = _position + length;
            return null;
        }

        _position += length;
        return new DownloadChunk(DownloadChunkKind.Hole, length);
    }

    private int Wanted(int room) => (int)Math.Min(room, Math.Min(_end, _dataEnd) - _position);

    private DownloadChunk Passed(int bytes)
    {
        _position += bytes;
        return new DownloadChunk(bytes == 0 ? DownloadChunkKind.End : DownloadChunkKind.Data, bytes);
    }
}
