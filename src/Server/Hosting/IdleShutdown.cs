namespace Cistern.Server.Hosting;

/// <summary>Ends the process when it has been without clients for as long as it was told to wait.</summary>
internal sealed class IdleShutdown : IDisposable
{
    /// <summary>What a timer can wait at once.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly TimeProvider _time;
    private readonly Func<bool> _isIdle;
    private readonly Action _stop;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private TimeSpan _timeout;
    private TimeSpan _left;

    /// <param name="isIdle">Whether there are no clients; looked at whenever <see cref="Look"/> is called.</param>
    /// <param name="stop">Ends the process; called once, and not waited for.</param>
    public IdleShutdown(TimeProvider time, Func<bool> isIdle, Action stop)
    {
        (_time, _isIdle, _stop) = (time, isIdle, stop);
        _timer = _time.CreateTimer(static self => ((IdleShutdown)self!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <param name="timeout">Zero: it goes on for ever.</param>
    public void SetTimeout(TimeSpan timeout)
    {
        lock (_gate)
        {
            _timeout = timeout;
        }

        Look();
    }

    /// <summary>A client came or went: waiting begins anew, or ends.</summary>
    public void Look()
    {
        lock (_gate)
        {
            _left = _timeout > TimeSpan.Zero && _isIdle() ? _timeout : TimeSpan.Zero;
            WaitLocked();
        }
    }

    public void Dispose() => _timer.Dispose();

    private void WaitLocked()
    {
        var wait = _left < LongestWait ? _left : LongestWait;
        _left -= wait;
        _timer.Change(wait > TimeSpan.Zero ? wait : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            if (!_isIdle() || _timeout == TimeSpan.Zero)
            {
                return;
            }

            if (_left > TimeSpan.Zero)
            {
                WaitLocked();
                return;
            }

            _timeout = TimeSpan.Zero;
        }

        _stop();
    }
}
