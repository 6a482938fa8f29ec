using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Pools;

/// <summary>Tells listeners of events. Raised with the pool's gate held, after publishing, so that a pool's events keep the order of its states.</summary>
internal sealed partial class PoolEvents(ILogger<PoolEvents> logger)
{
    private readonly Lock _lock = new();
    private readonly List<Action<PoolEvent>> _listeners = [];

    /// <summary>Listeners are called one at a time and must not block; none is called after its subscription was disposed of.</summary>
    public IDisposable Subscribe(Action<PoolEvent> listener)
    {
        lock (_lock)
        {
            _listeners.Add(listener);
        }

        return new Subscription(this, listener);
    }

    public void Raise(PoolEventKind kind, StoragePool pool)
    {
        lock (_lock)
        {
            foreach (var listener in _listeners)
            {
                try
                {
                    listener(new PoolEvent(kind, pool.Reference));
                }
                catch (Exception error)
                {
                    LogListenerFailed(error, kind, pool.Name);
                }
            }
        }
    }

    [LoggerMessage(6000, LogLevel.Error, "A listener failed at event {Kind} of pool {Pool}")]
    private partial void LogListenerFailed(Exception error, PoolEventKind kind, string pool);

    private sealed class Subscription(PoolEvents events, Action<PoolEvent> listener) : IDisposable
    {
        public void Dispose()
        {
            lock (events._lock)
            {
                events._listeners.Remove(listener);
            }
        }
    }
}
