namespace Cistern.Server.Rpc;

/// <summary>Counts the calls of a connection that run in the background. Only the read loop lets calls in; any thread lets them out.</summary>
internal sealed class CallLimiter(int max)
{
    private int _running;
    private int _isAwaited;

    public int Running => Volatile.Read(ref _running);

    /// <summary>Whether a call waits for one of these to end.</summary>
    public bool IsFull => Volatile.Read(ref _running) >= max && Volatile.Read(ref _isAwaited) == 1;

    /// <summary>Whether another call may start; when not, the <see cref="Exit"/> that makes room says so.</summary>
    public bool HasRoom()
    {
        if (Volatile.Read(ref _running) < max)
        {
            return true;
        }

        Interlocked.Exchange(ref _isAwaited, 1);
        return Volatile.Read(ref _running) < max;
    }

    public void Enter() => Interlocked.Increment(ref _running);

    /// <returns>True when the read loop waits for this.</returns>
    public bool Exit()
    {
        Interlocked.Decrement(ref _running);
        return Interlocked.Exchange(ref _isAwaited, 0) == 1;
    }

    /// <summary>Makes the next <see cref="Exit"/> tell, however many calls run.</summary>
    public void AwaitExit() => Interlocked.Exchange(ref _isAwaited, 1);
}
