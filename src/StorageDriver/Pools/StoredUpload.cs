using System.Buffers;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Pools;

/// <summary>An upload into a volume's bytes, in place.</summary>
/// <param name="offset">Where the first byte goes.</param>
/// <param name="length">Bytes that may be written; 0: no bound.</param>
internal sealed class StoredUpload(VolumeStream stream, long offset, long length, bool sparse) : VolumeUpload
{
    private readonly long _end = length == 0 ? long.MaxValue : offset > long.MaxValue - length ? long.MaxValue : offset + length;
    private long _position = offset;

    public override CancellationToken Aborted => stream.Aborted;

    public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellation)
    {
        long fits = Math.Min(data.Length, _end - _position);
        if (fits > 0)
        {
            await stream.RunAsync(async extents =>
            {
                await extents.WriteAtAsync(_position, data.Slice(0, fits), cancellation).ConfigureAwait(false);
                return true;
            }).ConfigureAwait(false);
            _position += fits;
        }

        if (fits < data.Length)
        {
            throw StorageErrors.StreamBeyondLength(stream.Volume);
        }
    }

    public override async ValueTask SkipAsync(long length, CancellationToken cancellation)
    {
        if (!sparse)
        {
            throw new InvalidOperationException("a hole in an upload that is not sparse");
        }

        long hole = Math.Min(length, _end - _position);
        if (hole > 0)
        {
            await stream.RunAsync(async extents =>
            {
                await extents.ZeroAsync(_position, hole, cancellation).ConfigureAwait(false);
                return true;
            }).ConfigureAwait(false);
            _position += hole;
        }
    }

    /// <remarks>A hole extends the volume when it is made, so a trailing one needs nothing here.</remarks>
    public override async ValueTask FinishAsync(CancellationToken cancellation)
    {
        await stream.RunAsync(async extents =>
        {
            await extents.FlushAsync(cancellation).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);
        await DisposeAsync().ConfigureAwait(false);
    }

    public override async ValueTask DisposeAsync()
    {
        if (await stream.CloseAsync().ConfigureAwait(false))
        {
            await PoolScanner.UploadEndedAsync(stream.Pool, stream.Run, stream.Volume).ConfigureAwait(false);
        }
    }
}
