using System.Buffers;
using System.Collections.Concurrent;
using Cistern.Server.Rpc;

namespace Cistern.Server.Tests.Support;

/// <summary>An upload that keeps what it is given; writes can be made to wait or to fail.</summary>
internal sealed class FakeSink(bool sparse = false) : IStreamSink
{
    private readonly CancellationTokenSource _aborted = new();
    private int _calls;

    public CancellationToken Aborted => _aborted.Token;

    public bool Sparse => sparse;

    /// <summary>What was written: data as hexadecimal digits, holes as <c>hole N</c>, <c>finish</c>.</summary>
    public ConcurrentQueue<string> Log { get; } = new();

    /// <summary>Writes wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public bool FailsWrites { get; set; }

    public bool FailsFinish { get; set; }

    public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource WriteStarted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Abort() => _aborted.Cancel();

    public async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellation)
    {
        Assert.Equal(1, Interlocked.Increment(ref _calls));
        WriteStarted.TrySetResult();
        try
        {
            await Gate.WaitAsync(cancellation);
        }
        finally
        {
            Interlocked.Decrement(ref _calls);
        }

        if (FailsWrites)
        {
            throw new ExpectedException();
        }

        Log.Enqueue(Convert.ToHexString(data.ToArray()));
    }

    public ValueTask SkipAsync(long length, CancellationToken cancellation)
    {
        Log.Enqueue($"hole {length}");
        return default;
    }

    public ValueTask FinishAsync(CancellationToken cancellation)
    {
        if (FailsFinish)
        {
            throw new ExpectedException();
        }

        Log.Enqueue("finish");
        return default;
    }

    public ValueTask DisposeAsync()
    {
        Assert.Equal(0, _calls);
        _aborted.Dispose();
        Disposed.SetResult();
        return default;
    }
}
