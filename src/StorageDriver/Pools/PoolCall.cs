namespace Cistern.Storage.Pools;

/// <summary>A call on a pool's storage, waiting for a thread, running, or dropped before it ran.</summary>
internal abstract class PoolCall
{
    private const int Waiting = 0;
    private const int Started = 1;
    private const int Dropped = 2;

    private int _stage = Waiting;

    public DateTimeOffset Deadline { get; set; }

    /// <summary>Place in the list of calls; null when it is out of it.</summary>
    public LinkedListNode<PoolCall>? Place { get; set; }

    /// <summary>It ran longer than it may; nobody waits for it any more.</summary>
    public bool Abandoned { get; set; }

    public bool IsStarted => Volatile.Read(ref _stage) == Started;

    public bool TryStart() => Interlocked.CompareExchange(ref _stage, Started, Waiting) == Waiting;

    /// <summary>Takes back a call that has not begun.</summary>
    public bool TryDrop() => Interlocked.CompareExchange(ref _stage, Dropped, Waiting) == Waiting;

    /// <summary>Does the work and keeps its outcome, an exception too.</summary>
    public abstract void Run();

    /// <summary>Tells the caller the outcome of <see cref="Run"/>; the caller goes on here, on the pool's thread, until it next waits.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception error);
}

/// <inheritdoc/>
internal sealed class PoolCall<T>(Func<T> work) : PoolCall
{
    private readonly TaskCompletionSource<T> _result = new();
    private T? _value;
    private Exception? _error;

    public Task<T> Result => _result.Task;

    public override void Run()
    {
        try
        {
            _value = work();
        }
#pragma warning disable CA1031 // Whatever the work throws belongs to the caller, not to the pool's thread.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _error = error;
        }
    }

    public override void Complete()
    {
        if (_error is not null)
        {
            _result.TrySetException(_error);
        }
        else if (!_result.TrySetResult(_value!))
        {
            _ = DropAsync(_value);
        }
    }

    public override void Fail(Exception error) => _result.TrySetException(error);

    public async Task<T> CancellableAsync(CancellationToken cancellation)
    {
        using var registration = cancellation.UnsafeRegister(
            static (call, token) =>
            {
                if (((PoolCall<T>)call!).TryDrop())
                {
                    // Whoever cancels does not have to run what the caller does next.
                    ThreadPool.UnsafeQueueUserWorkItem(
                        static dropped => dropped.Call._result.TrySetCanceled(dropped.Token), (Call: (PoolCall<T>)call, Token: token), preferLocal: false);
                }
            },
            this);
        return await Result.ConfigureAwait(false);
    }

    /// <summary>What a call brings that nobody waits for any more: an open file would keep its file system in use, a half-made one would stay.</summary>
    private static async Task DropAsync(T? value)
    {
        switch (value)
        {
            case IAsyncDisposable disposable:
                await disposable.DisposeAsync().ConfigureAwait(false);
                break;
            case IDisposable disposable:
                disposable.Dispose();
                break;
        }
    }
}
