namespace Cistern.Storage.Pools;

/// <summary>Wakes the one loop that waits for it: at a time, or at once when somebody rings. A ring before the wait is not lost.</summary>
internal sealed class Alarm : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private TaskCompletionSource _rung = NewRing();

    public Alarm(TimeProvider clock)
    {
        _clock = clock;
        _timer = clock.CreateTimer(static alarm => ((Alarm)alarm!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Ring()
    {
        lock (_lock)
        {
            _rung.TrySetResult();
        }
    }

    /// <param name="time">When to wake at the latest; the last time there is: never.</param>
    public async ValueTask WaitAsync(DateTimeOffset time)
    {
        var wait = time - _clock.GetUtcNow();
        if (wait > TimeSpan.Zero)
        {
            _timer.Change(time == DateTimeOffset.MaxValue ? Timeout.InfiniteTimeSpan : wait, Timeout.InfiniteTimeSpan);
            await _rung.Task.ConfigureAwait(false);
        }

        lock (_lock)
        {
            if (_rung.Task.IsCompleted)
            {
                _rung = NewRing();
            }
        }
    }

    public void Dispose() => _timer.Dispose();

    private static TaskCompletionSource NewRing() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
