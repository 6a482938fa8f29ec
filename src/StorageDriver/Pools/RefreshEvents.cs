namespace Cistern.Storage.Pools;

/// <summary>
/// Tells that the volumes of a running pool changed: at once where a client asked for it, and of what others do at most once in a while,
/// the last of it not lost. Used with the pool's gate held, but for <see cref="DueAt"/>.
/// </summary>
/// <param name="alarm">Rung when an event is put off.</param>
internal sealed class RefreshEvents(PoolEvents events, StoragePool pool, TimeProvider clock, Alarm alarm)
{
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(2);

    private DateTimeOffset _last = DateTimeOffset.MinValue;
    private long _dueAt = DateTimeOffset.MaxValue.UtcTicks;

    /// <summary>When an event that was put off has to be raised; the last time there is: none was.</summary>
    public DateTimeOffset DueAt
    {
        get => new(Volatile.Read(ref _dueAt), TimeSpan.Zero);
        private set => Volatile.Write(ref _dueAt, value.UtcTicks);
    }

    public void Raise()
    {
        _last = clock.GetUtcNow();
        DueAt = DateTimeOffset.MaxValue;
        events.Raise(PoolEventKind.Refreshed, pool);
    }

    /// <summary>Raises the event unless there was one just now: then it has to be raised at <see cref="DueAt"/>.</summary>
    public void RaisePaced()
    {
        if (clock.GetUtcNow() - _last >= Gap)
        {
            Raise();
        }
        else if (DueAt == DateTimeOffset.MaxValue)
        {
            DueAt = _last + Gap;
            alarm.Ring();
        }
    }

    public void RaiseDue()
    {
        if (DueAt <= clock.GetUtcNow())
        {
            Raise();
        }
    }
}
