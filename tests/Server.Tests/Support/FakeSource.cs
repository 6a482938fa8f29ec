using System.Threading.Channels;
using Cistern.Server.Rpc;

namespace Cistern.Server.Tests.Support;

/// <summary>A download of what a test puts into it; a read waits until there is something.</summary>
internal sealed class FakeSource : IStreamSource
{
    private readonly Channel<(StreamChunk Chunk, byte[] Data)> _chunks = Channel.CreateUnbounded<(StreamChunk Chunk, byte[] Data)>();
    private readonly CancellationTokenSource _aborted = new();

    public CancellationToken Aborted => _aborted.Token;

    public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FakeSource Data(params byte[] data)
    {
        _chunks.Writer.TryWrite((StreamChunk.Data(data.Length), data));
        return this;
    }

    public FakeSource Hole(long length)
    {
        _chunks.Writer.TryWrite((StreamChunk.Hole(length), []));
        return this;
    }

    public FakeSource End()
    {
        _chunks.Writer.TryWrite((StreamChunk.End, []));
        return this;
    }

    public FakeSource Fail()
    {
        _chunks.Writer.Complete(new ExpectedException());
        return this;
    }

    public void Abort() => _aborted.Cancel();

    public async ValueTask<StreamChunk> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        try
        {
            var (chunk, data) = await _chunks.Reader.ReadAsync(cancellation);
            data.CopyTo(buffer);
            return chunk;
        }
        catch (ChannelClosedException closed) when (closed.InnerException is ExpectedException expected)
        {
            throw expected;
        }
    }

    public ValueTask DisposeAsync()
    {
        _aborted.Dispose();
        Disposed.SetResult();
        return default;
    }
}
