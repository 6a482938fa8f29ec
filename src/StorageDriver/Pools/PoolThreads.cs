using Cistern.Storage.Errors;

namespace Cistern.Storage.Pools;

/// <summary>
/// A pool's own few threads, so that storage that hangs starves nobody else. Threads start on demand and end when idle. A call that does not
/// return in time fails and leaves its thread behind until it does return; when every thread is left behind, calls fail at once.
/// A caller goes on on the pool's thread until it next waits, and its next call stays there: several steps are one hand-over.
/// </summary>
public sealed class PoolThreads
{
    /// <summary>Threads of one pool, those left behind included.</summary>
    public const int Limit = 4;

    /// <summary>What libraries of storage systems expect; what they do not use takes no memory.</summary>
    private const int StackSize = 8 * 1024 * 1024;

    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    /// <summary>The pool and the worker whose thread this is.</summary>
    [ThreadStatic]
    private static (PoolThreads Pool, PoolWorker Worker) _here;

    private readonly Lock _lock = new();
    private readonly string _pool;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _clock;
    private readonly PoolWork _work;
    private readonly Action? _late;

    /// <summary>Waiting and running calls in the order of their deadlines.</summary>
    private readonly LinkedList<PoolCall> _calls = new();
    private readonly Queue<PoolCall> _waiting = new();
    private readonly Stack<PoolWorker> _idle = new();
    private ITimer? _timer;
    private DateTimeOffset _timerAt = DateTimeOffset.MaxValue;
    private int _threads;
    private int _abandoned;

    /// <param name="pool">Name for threads and errors.</param>
    /// <param name="timeout">Longest time from the call to its return.</param>
    /// <param name="work">Counts the threads that are at work.</param>
    /// <param name="late">Called when calls have not returned in time, before they fail; must not block.</param>
    public PoolThreads(string pool, TimeSpan timeout, TimeProvider clock, PoolWork work, Action? late = null)
    {
        _pool = pool;
        _timeout = timeout;
        _clock = clock;
        _work = work;
        _late = late;
    }

    /// <summary>Threads for a pool without a name, with a time limit of a minute.</summary>
    public PoolThreads()
        : this("unnamed", TimeSpan.FromMinutes(1), TimeProvider.System, new PoolWork())
    {
    }

    /// <summary>Threads whose call has not returned in time.</summary>
    public int Abandoned
    {
        get
        {
            lock (_lock)
            {
                return _abandoned;
            }
        }
    }

    /// <summary>Threads there are: at work, idle or left behind.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _threads;
            }
        }
    }

    /// <summary>Runs <paramref name="work"/> on one of the pool's threads. Cancellation ends the wait for a thread, never work that has begun.</summary>
    /// <exception cref="StorageException">68/18 when it did not return within the pool's time limit: its thread is abandoned.</exception>
    public Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return Task.FromCanceled<T>(cancellation);
        }

        var call = new PoolCall<T>(work);
        if (!Enqueue(call))
        {
            return Task.FromException<T>(StorageErrors.StorageNotResponding(_pool));
        }

        return cancellation.CanBeCanceled ? call.CancellableAsync(cancellation) : call.Result;
    }

    /// <summary>As <see cref="RunAsync{T}"/>, for work without a result.</summary>
    public Task RunAsync(Action work, CancellationToken cancellation) =>
        RunAsync<object?>(
            () =>
            {
                work();
                return null;
            },
            cancellation);

    private bool Enqueue(PoolCall call)
    {
        lock (_lock)
        {
            if (_abandoned == Limit)
            {
                return false;
            }

            call.Deadline = _clock.GetUtcNow() + _timeout;
            call.Place = _calls.AddLast(call);
            WakeAt(call.Deadline);
            if (_here.Pool == this && _here.Worker is { KeepsNext: true, Kept: null } own)
            {
                own.Kept = call;
            }
            else if (_idle.TryPop(out var worker))
            {
                call.TryStart();
                _work.Begin();
                worker.Give(call);
            }
            else if (_threads < Limit)
            {
                call.TryStart();
                StartThread(call);
            }
            else
            {
                _waiting.Enqueue(call);
            }

            return true;
        }
    }

    private void StartThread(PoolCall call)
    {
        _threads++;
        _work.Begin();
        var worker = new PoolWorker();
        worker.Give(call);
        new Thread(() => Work(worker), StackSize) { IsBackground = true, Name = $"pool {_pool}" }.Start();
    }

    private void Work(PoolWorker worker)
    {
        _here = (this, worker);
        while (worker.Take() is { } given)
        {
            for (PoolCall? call = given; call is not null; call = Next(worker))
            {
                call.Run();
                End(call);
                worker.KeepsNext = true;
                call.Complete();
                worker.KeepsNext = false;
            }
        }
    }

    private void End(PoolCall done)
    {
        lock (_lock)
        {
            PutAway(done);
            if (done.Abandoned)
            {
                _abandoned--;
                _work.Begin();
            }
        }
    }

    /// <summary>Gives the thread its next call; null: there is none, the thread is idle.</summary>
    private PoolCall? Next(PoolWorker worker)
    {
        lock (_lock)
        {
            if (worker.Kept is { } kept)
            {
                // Behind those that wait: work of many steps lets others in between.
                worker.Kept = null;
                _waiting.Enqueue(kept);
            }

            while (_waiting.TryDequeue(out var next))
            {
                if (next.TryStart())
                {
                    return next;
                }
            }

            _work.End();
            worker.IdleSince = _clock.GetUtcNow();
            _idle.Push(worker);
            WakeAt(worker.IdleSince + IdleTime);
            return null;
        }
    }

    private void PutAway(PoolCall call)
    {
        if (call.Place is { } place)
        {
            _calls.Remove(place);
            call.Place = null;
        }
    }

    private void WakeAt(DateTimeOffset time)
    {
        if (time < _timerAt)
        {
            _timerAt = time;
            _timer ??= _clock.CreateTimer(
                static threads => ((PoolThreads)threads!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            var due = time - _clock.GetUtcNow();
            _timer.Change(due < TimeSpan.Zero ? TimeSpan.Zero : due, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Fails calls that are late, ends threads that are idle for long, and sets the timer for what comes next.</summary>
    private void OnTimer()
    {
        List<PoolCall> late = [];
        lock (_lock)
        {
            _timerAt = DateTimeOffset.MaxValue;
            var now = _clock.GetUtcNow();
            while (_calls.First is { Value: var call } && (call.Deadline <= now || _abandoned == Limit))
            {
                PutAway(call);
                late.Add(call);
                if (!call.TryDrop() && call.IsStarted)
                {
                    call.Abandoned = true;
                    _abandoned++;
                    _work.End();
                }
            }

            EndIdleThreads(now);
            if (_calls.First is { Value: var first })
            {
                WakeAt(first.Deadline);
            }
        }

        if (late.Count > 0)
        {
            _late?.Invoke();
        }

        late.ForEach(call => call.Fail(StorageErrors.StorageNotResponding(_pool)));
    }

    private void EndIdleThreads(DateTimeOffset now)
    {
        PoolWorker[] idle = [.. _idle];
        _idle.Clear();
        foreach (var worker in idle.Reverse())
        {
            if (worker.IdleSince + IdleTime <= now)
            {
                _threads--;
                worker.Give(null);
            }
            else
            {
                _idle.Push(worker);
                WakeAt(worker.IdleSince + IdleTime);
            }
        }
    }
}
