using System.Runtime.InteropServices;
using Cistern.Server.Rpc;
using Cistern.Storage.Pools;

namespace Cistern.Server.Services;

/// <summary>A download as the stream layer wants it.</summary>
internal sealed class DownloadSource(VolumeDownload download) : IStreamSource
{
    public CancellationToken Aborted => download.Aborted;

    public ValueTask<StreamChunk> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        var chunk = download.ReadAsync(buffer, cancellation);
        return chunk.IsCompletedSuccessfully ? new(Convert(chunk.Result)) : Later(chunk);
    }

    public async ValueTask<StreamChunk?> MoveAsync(SafeHandle pipe, int length, CancellationToken cancellation) =>
        await download.MoveAsync(pipe, length, cancellation).ConfigureAwait(false) is { } chunk ? Convert(chunk) : null;

    public ValueTask DisposeAsync() => download.DisposeAsync();

    private static async ValueTask<StreamChunk> Later(ValueTask<DownloadChunk> chunk) => Convert(await chunk.ConfigureAwait(false));

    private static StreamChunk Convert(DownloadChunk chunk) => new(
        chunk.Kind switch
        {
            DownloadChunkKind.Data => StreamChunkKind.Data,
            DownloadChunkKind.Hole => StreamChunkKind.Hole,
            _ => StreamChunkKind.End,
        },
        chunk.Length);
}
