using System.Runtime.InteropServices;

namespace Cistern.Storage.Pools;

/// <summary>What a read of a download gave.</summary>
public enum DownloadChunkKind
{
    Data,
    Hole,
    End,
}

/// <summary>A piece of a download; <paramref name="Length"/> in bytes, for data at most the buffer's.</summary>
public readonly record struct DownloadChunk(DownloadChunkKind Kind, long Length);

/// <summary>An open download. Calls come one at a time.</summary>
public abstract class VolumeDownload : IAsyncDisposable
{
    /// <summary>Fires when the download is ended from outside (volume deleted, pool stopped): the stream answers 78.</summary>
    public abstract CancellationToken Aborted { get; }

    /// <summary>Fills the buffer with the next data, or reports the next hole (sparse downloads only) or the end.</summary>
    public abstract ValueTask<DownloadChunk> ReadAsync(Memory<byte> buffer, CancellationToken cancellation);

    /// <summary>As <see cref="ReadAsync"/>, but the kernel moves the data, <paramref name="length"/> bytes at most, into an empty pipe that has room for them.</summary>
    /// <returns>Null where it cannot: the download is to be read.</returns>
    public abstract ValueTask<DownloadChunk?> MoveAsync(SafeHandle pipe, int length, CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();
}
