namespace Cistern.Server.Hosting;

/// <summary>Ends a server that has had no clients and no work for some time.</summary>
internal sealed class IdleExit : IDisposable
{
    private readonly TimeSpan _timeout;
    private readonly Func<bool> _tryClose;
    private readonly Action _end;
    private readonly ITimer _timer;

    /// <param name="tryClose">Closes the server to new clients if nothing goes on; false: something does.</param>
    /// <param name="end">Ends it.</param>
    public IdleExit(TimeSpan timeout, Func<bool> tryClose, Action end, TimeProvider time)
    {
        _timeout = timeout;
        _tryClose = tryClose;
        _end = end;
        _timer = time.CreateTimer(static self => ((IdleExit)self!).OnIdle(), this, timeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>There are so many clients now.</summary>
    public void OnClients(int count) => _timer.Change(count == 0 ? _timeout : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    public void Dispose() => _timer.Dispose();

    private void OnIdle()
    {
        if (_tryClose())
        {
            _end();
        }
        else
        {
            // Work that no client waits for any more, or a client that has just come: once more from the beginning.
            _timer.Change(_timeout, Timeout.InfiniteTimeSpan);
        }
    }
}
