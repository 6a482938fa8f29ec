using System.Diagnostics;

namespace Cistern.Server.Transport;

/// <summary>
/// The turn to wait for sockets, which one thread of a poller has. The thread keeps it over the short work that follows an event; when that takes longer,
/// an overseer gives the turn to another. The overseer looks about while there is work, by a timer that is no burden to whoever sets it going, and sleeps
/// while there is none.
/// </summary>
internal sealed class PollerTurn : IDisposable
{
    /// <summary>After that long, work has cost more than handing over would have.</summary>
    private static readonly TimeSpan LongWork = TimeSpan.FromMilliseconds(1);

    private const int LookEveryNanoseconds = 1_000_000;

    private readonly SemaphoreSlim _free = new(1);
    private readonly SocketHandle _timer;
    private readonly Thread _overseer;
    private long _begun;
    private int _works;
    private int _isOverseen;
    private volatile bool _isStopping;

    public PollerTurn()
    {
        _timer = LinuxSockets.TimerDescriptor(LinuxSockets.ClockMonotonic, LinuxSockets.SockCloExec);
        _overseer = new Thread(Oversee) { IsBackground = true, Name = "sockets" };
        _overseer.Start();
    }

    /// <summary>Blocks until the turn is the caller's.</summary>
    public void Take() => _free.Wait();

    /// <summary>Gives the turn away.</summary>
    public void Pass() => _free.Release();

    /// <summary>Before work that is expected to be short.</summary>
    public void BeginWork()
    {
        Volatile.Write(ref _begun, Stopwatch.GetTimestamp());
        Volatile.Write(ref _works, 1);
        if (Volatile.Read(ref _isOverseen) == 0 && Interlocked.Exchange(ref _isOverseen, 1) == 0)
        {
            SetTimer();
        }
    }

    /// <summary>After it; false when it was long and the turn is another's.</summary>
    public bool EndWork() => Interlocked.Exchange(ref _works, 0) == 1;

    /// <summary>Ends the overseer.</summary>
    public void Dispose()
    {
        _isStopping = true;
        SetTimer();
        _overseer.Join();
        _timer.Dispose();
    }

    private unsafe void SetTimer()
    {
        // struct itimerspec: the interval's seconds and nanoseconds, then those of the first time.
        var settings = stackalloc long[] { 0, 0, 0, LookEveryNanoseconds };
        _ = LinuxSockets.SetTimer(_timer, 0, settings, null);
    }

    private unsafe void Oversee()
    {
        ShortTurns.Ask();
        long seen = 0;
        ulong times;
        while (LinuxSockets.Read(_timer, &times, sizeof(ulong)) >= 0 && !_isStopping)
        {
            var begun = Volatile.Read(ref _begun);
            if (Volatile.Read(ref _works) == 1 && Stopwatch.GetElapsedTime(begun) >= LongWork && Interlocked.Exchange(ref _works, 0) == 1)
            {
                Pass();
            }

            if (begun != seen || Volatile.Read(ref _works) == 1)
            {
                seen = begun;
                SetTimer();
            }
            else
            {
                Volatile.Write(ref _isOverseen, 0);
                Interlocked.MemoryBarrier();
                if (Volatile.Read(ref _begun) != seen && Interlocked.Exchange(ref _isOverseen, 1) == 0)
                {
                    SetTimer();
                }
            }
        }
    }
}
