using System.Threading.Tasks.Sources;

namespace Cistern.Server.Transport;

/// <summary>An auto-reset event for one waiter, without allocations. A signal that nobody waits for is kept for the next wait.
/// The waiter goes on on the signalling thread.</summary>
internal sealed class AsyncSignal : IValueTaskSource
{
    private const int Idle = 0;
    private const int Signalled = 1;
    private const int Awaited = 2;

    private ManualResetValueTaskSourceCore<bool> _core;
    private int _state;

    public void Signal()
    {
        if (Interlocked.Exchange(ref _state, Signalled) == Awaited)
        {
            Volatile.Write(ref _state, Idle);
            _core.SetResult(true);
        }
    }

    public ValueTask WaitAsync()
    {
        _core.Reset();
        if (Interlocked.CompareExchange(ref _state, Awaited, Idle) == Idle)
        {
            return new ValueTask(this, _core.Version);
        }

        Volatile.Write(ref _state, Idle);
        return default;
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
