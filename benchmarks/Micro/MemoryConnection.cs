using System.IO.Pipelines;
using Cistern.Server.Auth;
using Cistern.Server.Transport;

namespace Cistern.Benchmarks.Micro;

/// <summary>A client without a socket, and the listener through which it comes. The server works on the thread that sends, as far as it does not wait.</summary>
internal sealed class MemoryConnection : ITransportConnection, ITransportListener
{
    private readonly Pipe _input = new(new PipeOptions(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 0, useSynchronizationContext: false));

    private readonly TaskCompletionSource<ITransportConnection?> _closed = new();
    private long _received;
    private bool _isAccepted;

    public ClientIdentity Peer { get; } = new(TransportKind.Unix, "memory");

    public PipeReader Input => _input.Reader;

    public string Address => "memory";

    /// <summary>Sends bytes and waits until so many have come back.</summary>
    public void Exchange(ReadOnlySpan<byte> bytes, long expected)
    {
        expected += Volatile.Read(ref _received);
        bytes.CopyTo(_input.Writer.GetSpan(bytes.Length));
        _input.Writer.Advance(bytes.Length);
        _ = _input.Writer.FlushAsync().AsTask();
        if (!SpinWait.SpinUntil(() => Volatile.Read(ref _received) >= expected, TimeSpan.FromSeconds(10)))
        {
            throw new TimeoutException("the server does not answer");
        }
    }

    public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data)
    {
        Interlocked.Add(ref _received, data.Length);
        return new ValueTask<bool>(true);
    }

    public ValueTask<ITransportConnection?> AcceptAsync()
    {
        if (_isAccepted)
        {
            return new ValueTask<ITransportConnection?>(_closed.Task);
        }

        _isAccepted = true;
        return new ValueTask<ITransportConnection?>(this);
    }

    public void Close() => _closed.TrySetResult(null);

    public void RetainInput()
    {
    }

    public void Abort() => _input.Writer.Complete();

    public ValueTask DisposeAsync() => default;
}
