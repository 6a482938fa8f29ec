namespace Cistern.Storage.Pools;

/// <summary>One of a pool's threads: what it is to do next.</summary>
internal sealed class PoolWorker
{
    private readonly object _signal = new();
    private PoolCall? _next;
    private bool _given;

    public DateTimeOffset IdleSince { get; set; }

    /// <summary>Its thread tells a caller the outcome of a call: what that caller asks of the pool next can stay on this thread.</summary>
    public bool KeepsNext { get; set; }

    /// <summary>The call that stays on this thread.</summary>
    public PoolCall? Kept { get; set; }

    /// <summary>Hands over the next call; null ends the thread.</summary>
    public void Give(PoolCall? call)
    {
        lock (_signal)
        {
            _next = call;
            _given = true;
            Monitor.Pulse(_signal);
        }
    }

    /// <summary>Waits for the next call; null: the thread ends.</summary>
    public PoolCall? Take()
    {
        lock (_signal)
        {
            while (!_given)
            {
                Monitor.Wait(_signal);
            }

            _given = false;
            return _next;
        }
    }
}
