using System.Buffers;

namespace Cistern.Storage.Pools;

/// <summary>An open upload. Calls come one at a time, in stream order. Disposing of it before <see cref="FinishAsync"/> ended is an abort.</summary>
public abstract class VolumeUpload : IAsyncDisposable
{
    /// <summary>Fires when the upload is ended from outside (volume deleted, pool stopped): the stream answers 78.</summary>
    public abstract CancellationToken Aborted { get; }

    /// <exception cref="Errors.StorageException">38/38 errno 28 beyond the length, or the write failed.</exception>
    public abstract ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellation);

    /// <summary>Skips <paramref name="length"/> bytes as a hole (sparse uploads only).</summary>
    public abstract ValueTask SkipAsync(long length, CancellationToken cancellation);

    /// <summary>Extends the file to the final offset after a trailing hole and returns when the data is stable.</summary>
    public abstract ValueTask FinishAsync(CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();
}
