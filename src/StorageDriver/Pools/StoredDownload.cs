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

    public override async ValueTask DisposeAsync() => await stream.CloseAsync().ConfigureAwait(false);

    private async ValueTask<DownloadChunk> ReadAsync(IVolumeExtents extents, Memory<byte> buffer, CancellationToken cancellation)
    {
        if (_position >= _end)
        {
            return new DownloadChunk(DownloadChunkKind.End, 0);
        }

        if (_position >= _dataEnd)
        {
            var extent = await extents.NextExtentAsync(_position, cancellation).ConfigureAwait(false);
            long extentLength = Math.Min(extent.Length, _end - _position);
            if (extentLength == 0)
            {
                return new DownloadChunk(DownloadChunkKind.End, 0);
            }

            if (extent.IsHole)
            {
                _position += extentLength;
                return new DownloadChunk(DownloadChunkKind.Hole, extentLength);
            }

            _dataEnd = _position + extentLength;
        }

        int wanted = (int)Math.Min(buffer.Length, Math.Min(_end, _dataEnd) - _position);
        int read = await extents.ReadAtAsync(_position, buffer[..wanted], cancellation).ConfigureAwait(false);
        _position += read;
        return read == 0 ? new DownloadChunk(DownloadChunkKind.End, 0) : new DownloadChunk(DownloadChunkKind.Data, read);
    }
}
