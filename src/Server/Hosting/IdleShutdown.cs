namespace Cistern.Server.Hosting;

/// <summary>Ends the process when it has been without clients for as long as it was told to wait.</summary>
internal sealed class IdleShutdown : IDisposable
{
    /// <summary>What a timer can wait at once.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly Action _stop;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private TimeSpan _timeout;
    private TimeSpan _left;
    private int _clients;

    /// <param name="stop">Ends the process; called once for each timeout that was set, and not waited for.</param>
    public IdleShutdown(TimeProvider time, Action stop)
    {
        _stop = stop;
        _timer = time.CreateTimer(static self => ((IdleShutdown)self!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <param name="timeout">Zero: it goes on for ever.</param>
    public void SetTimeout(TimeSpan timeout)
    {
        lock (_gate)
        {
            _timeout = timeout;
            BeginLocked();
        }
    }

    /// <summary>Adds a server whose clients count.</summary>
    /// <returns>To be told how many it has whenever that changes.</returns>
    public Action<int> AddServer()
    {
        var before = 0;
        return clients =>
        {
            lock (_gate)
            {
                _clients += clients - before;
                before = clients;
                BeginLocked();
            }
        };
    }

    public void Dispose() => _timer.Dispose();

    private void BeginLocked()
    {
        _left = _clients == 0 ? _timeout : TimeSpan.Zero;
        WaitLocked();
    }

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
            if (_left > TimeSpan.Zero)
            {
                WaitLocked();
                return;
            }

            // The timer may have fired just before it was stopped.
            if (_clients > 0 || _timeout == TimeSpan.Zero)
            {
                return;
            }

            _timeout = TimeSpan.Zero;
        }

        _stop();
    }
}
