namespace Cistern.Server.Services;

/// <summary>
/// The event registrations of one client for one class of objects. An id is unique in it and never used again.
/// Delivery holds the lock that deregistering takes, so that nothing follows the reply to a deregistration.
/// </summary>
/// <typeparam name="TFilter">What names an object: its events only; null: all objects' events.</typeparam>
/// <param name="subject">Names the class in error texts.</param>
/// <param name="eventIds">Number of event ids that the class has, from 0.</param>
internal abstract class EventCallbacks<TFilter>(string subject, int eventIds)
    where TFilter : struct, IEquatable<TFilter>
{
    private readonly Lock _lock = new();
    private readonly List<Callback> _callbacks = [];
    private int _nextId;

    /// <exception cref="Rpc.RpcException">1/7 for an unknown event, 8/0 when it is registered with that filter already.</exception>
    public int Register(int eventId, TFilter? filter)
    {
        CheckEvent(eventId, eventIds);
        lock (_lock)
        {
            if (_callbacks.Exists(callback => callback.EventId == eventId && Nullable.Equals(callback.Filter, filter)))
            {
                throw ServiceErrors.InvalidArgument("event callback already tracked");
            }

            _callbacks.Add(new(_nextId, eventId, filter));
            return _nextId++;
        }
    }

    /// <exception cref="Rpc.RpcException">1/7 for an id that is not registered.</exception>
    public void Deregister(int callbackId)
    {
        if (!Remove(callback => callback.Id == callbackId))
        {
            throw ServiceErrors.InternalRpc($"{subject} event callback {callbackId} not registered");
        }
    }

    /// <summary>Calls <paramref name="send"/> with the id of each registration for an event of an object.</summary>
    public void Deliver(int eventId, TFilter about, Action<int> send)
    {
        lock (_lock)
        {
            foreach (var callback in _callbacks)
            {
                if (callback.IsFor(eventId, about))
                {
                    send(callback.Id);
                }
            }
        }
    }

    /// <summary>Whether there is a registration for an event of an object.</summary>
    public bool Wants(int eventId, TFilter about)
    {
        lock (_lock)
        {
            return _callbacks.Exists(callback => callback.IsFor(eventId, about));
        }
    }

    protected void CheckEvent(int eventId, int known)
    {
        if (eventId < 0 || eventId >= known)
        {
            throw ServiceErrors.InternalRpc($"unsupported {subject} event ID {eventId}");
        }
    }

    /// <summary>Removes the first matching registration.</summary>
    protected bool Remove(Predicate<Callback> match)
    {
        lock (_lock)
        {
            var index = _callbacks.FindIndex(match);
            if (index >= 0)
            {
                _callbacks.RemoveAt(index);
            }

            return index >= 0;
        }
    }

    protected readonly record struct Callback(int Id, int EventId, TFilter? Filter)
    {
        public bool IsFor(int eventId, TFilter about) => EventId == eventId && (Filter is not { } filter || filter.Equals(about));
    }
}
