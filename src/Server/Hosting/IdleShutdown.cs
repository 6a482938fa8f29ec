namespace Cistern.Server.Hosting;

/// <summary>Ends the process when it has been without clients and work for as long as it was told to wait.</summary>
internal sealed class IdleShutdown : IDisposable
{
    /// <summary>What a timer can wait at once.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly Func<bool> _tryClose;
    private readonly Action<TimeSpan> _stop;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private TimeSpan _timeout;
    private TimeSpan _left;
    private int _clients;

    /// <param name="tryClose">Closes the process to new clients if nothing goes on; false: something does.</param>
    /// <param name="stop">Ends the process, told the timeout; called once for each that was set, and not waited for.</param>
    public IdleShutdown(TimeProvider time, Func<bool> tryClose, Action<TimeSpan> stop)
    {
        _tryClose = tryClose;
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
        TimeSpan timeout;
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

            if (!_tryClose())
            {
                // Work that no client waits for any more, or a client that has just come: once more from the beginning.
                BeginLocked();
                return;
            }

            timeout = _timeout;
            _timeout = TimeSpan.Zero;
        }

        _stop(timeout);
    }
}
