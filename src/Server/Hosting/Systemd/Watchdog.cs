namespace Cistern.Server.Hosting.Systemd;

/// <summary>Gives a sign of life twice in each interval, as long as the server answers a question.</summary>
internal sealed class Watchdog : IDisposable
{
    private readonly Func<Task> _ask;
    private readonly Action _alive;
    private readonly ITimer _timer;
    private int _isAsking;

    /// <param name="ask">The question; complete when it is answered.</param>
    /// <param name="alive">The sign of life.</param>
    public Watchdog(TimeSpan interval, Func<Task> ask, Action alive, TimeProvider time)
    {
        _ask = ask;
        _alive = alive;
        _timer = time.CreateTimer(static self => _ = ((Watchdog)self!).AskAsync(), this, interval / 2, interval / 2);
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>A question that stays open keeps the next one from being asked, and the sign from being given.</summary>
    private async Task AskAsync()
    {
        if (Interlocked.Exchange(ref _isAsking, 1) == 0)
        {
            await _ask().ConfigureAwait(false);
            Volatile.Write(ref _isAsking, 0);
            _alive();
        }
    }
}
