using System.Runtime.InteropServices;

namespace Cistern.Server.Rpc;

/// <summary>What a download sends to the client. Calls come one at a time; disposed of when the stream has ended, however it ended.</summary>
public interface IStreamSource : IAsyncDisposable
{
    /// <summary>Fires when the stream is ended from this side: the client is told 78.</summary>
    CancellationToken Aborted { get; }

    /// <summary>Fills the buffer with the next data, or tells of a hole (sparse streams only) or of the end. Must not block the calling thread.</summary>
    ValueTask<StreamChunk> ReadAsync(Memory<byte> buffer, CancellationToken cancellation);

    /// <summary>As <see cref="ReadAsync"/>, but the kernel moves the data, <paramref name="length"/> bytes at most, into an empty pipe that has room for them.</summary>
    /// <returns>Null where it cannot: the source is to be read.</returns>
    ValueTask<StreamChunk?> MoveAsync(SafeHandle pipe, int length, CancellationToken cancellation) => new((StreamChunk?)null);
}
