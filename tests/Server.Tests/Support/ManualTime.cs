namespace Cistern.Server.Tests.Support;

/// <summary>A clock that moves when it is told to; its timers fire on the caller's thread.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly List<Timer> _timers = [];

    public void Advance(TimeSpan step)
    {
        foreach (var timer in _timers.ToArray())
        {
            timer.Advance(step);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(() => callback(state), dueTime, period);
        _timers.Add(timer);
        return timer;
    }

    private sealed class Timer(Action fire, TimeSpan due, TimeSpan period) : ITimer
    {
        private TimeSpan _due = due;
        private TimeSpan _period = period;

        public void Advance(TimeSpan step)
        {
            if (_due == Timeout.InfiniteTimeSpan)
            {
                return;
            }

            _due -= step;
            while (_due <= TimeSpan.Zero && _due != Timeout.InfiniteTimeSpan)
            {
                _due = _period == Timeout.InfiniteTimeSpan ? Timeout.InfiniteTimeSpan : _due + _period;
                fire();
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            (_due, _period) = (dueTime, period);
            return true;
        }

        public void Dispose() => _due = Timeout.InfiniteTimeSpan;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
