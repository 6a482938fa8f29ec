using System.Buffers;
using Cistern.Server.Rpc;
using Cistern.Storage.Pools;

namespace Cistern.Server.Services;

/// <summary>An upload as the stream layer wants it.</summary>
internal sealed class UploadSink(VolumeUpload upload, bool sparse) : IStreamSink
{
    public CancellationToken Aborted => upload.Aborted;

    public bool Sparse => sparse;

    public ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellation) => upload.WriteAsync(data, cancellation);

    public ValueTask SkipAsync(long length, CancellationToken cancellation) => upload.SkipAsync(length, cancellation);

    public ValueTask FinishAsync(CancellationToken cancellation) => upload.FinishAsync(cancellation);

    public ValueTask DisposeAsync() => upload.DisposeAsync();
}
