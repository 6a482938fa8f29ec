using System.Buffers;

namespace Cistern.Server.Rpc;

/// <summary>Where an upload goes. Calls come one at a time, in stream order, and must not block the calling thread; disposed of when the stream has ended.
/// Disposing of it before <see cref="FinishAsync"/> has ended is an abort.</summary>
public interface IStreamSink : IAsyncDisposable
{
    /// <summary>Fires when the stream is ended from this side: the client is told 78.</summary>
    CancellationToken Aborted { get; }

    /// <summary>Whether the client said that it may send holes.</summary>
    bool Sparse { get; }

    /// <summary>Takes data; the buffer is valid until the returned task is complete. While it is not, the client's next data wait.</summary>
    ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellation);

    /// <summary>Skips <paramref name="length"/> bytes as a hole.</summary>
    ValueTask SkipAsync(long length, CancellationToken cancellation);

    /// <summary>Makes everything written last; the client is told when it is complete.</summary>
    ValueTask FinishAsync(CancellationToken cancellation);
}
