using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Errors;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Pools;

/// <summary>
/// Keeps what is published of one activation of a pool true by itself: takes in what others change in its storage, and takes the pool up again when
/// storage that went comes back. One loop, asleep until something is told or a time has come.
/// </summary>
#pragma warning disable CA1001 // The loop disposes of the alarm; the watch ends with the run.
internal sealed class PoolKeeper
#pragma warning restore CA1001
{
    /// <summary>How long what belongs together is collected.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(30);

    /// <summary>The longest that changes wait while there is no end to them.</summary>
    private static readonly TimeSpan LongestSettling = TimeSpan.FromSeconds(3);

    /// <summary>Between looks at the whole, where changes are told of.</summary>
    private static readonly TimeSpan ToldInterval = TimeSpan.FromSeconds(10);

    /// <summary>Between looks at the whole, where nothing else finds changes.</summary>
    private static readonly TimeSpan PolledInterval = TimeSpan.FromSeconds(3);

    /// <summary>The longest rest between looks at the whole.</summary>
    private static readonly TimeSpan LongestInterval = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan FirstProbe = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestProbe = TimeSpan.FromSeconds(10);

    /// <summary>Work rests that many times as long as it took, so that a storm of changes leaves the machine to others.</summary>
    private const int Rest = 4;

    private readonly ILogger _log;
    private readonly TimeProvider _clock;
    private readonly PoolScanner _scanner;
    private readonly StoragePool _pool;
    private readonly PoolRun _run;
    private readonly HeldWatch? _watch;
    private readonly Alarm _alarm;
    private readonly ToldChanges _told;
    private readonly BackOff _probes = new(FirstProbe, LongestProbe);
    private TimeSpan _settling = Settling;

    /// <summary>When to take in what was told; the last time there is: nothing was.</summary>
    private DateTimeOffset _takeAt = DateTimeOffset.MaxValue;
    private DateTimeOffset _checkAt;

    /// <summary>When to look whether the storage is back; null: it is there.</summary>
    private DateTimeOffset? _probeAt;

    public PoolKeeper(DriverContext driver, PoolScanner scanner, StoragePool pool, PoolRun run)
    {
        _log = driver.Log;
        _clock = driver.Host.Clock;
        _scanner = scanner;
        _pool = pool;
        _run = run;
        bool isLive = driver.Options.LivePools && !driver.Options.NotLivePools.Contains(pool.Name);
        _watch = isLive && run.Backend is IPoolWatch watch ? new HeldWatch(watch, pool, run) : null;
        _alarm = new Alarm(_clock);
        _told = new ToldChanges(_alarm);
        Refreshes = new RefreshEvents(driver.Events, pool, _clock, _alarm);
        run.Stopped.UnsafeRegister(static alarm => ((Alarm)alarm!).Ring(), _alarm);
    }

    /// <summary>The refresh events of this activation.</summary>
    public RefreshEvents Refreshes { get; }

    private DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>Begins the watch before the first scan, so that nothing is missed in between; what cannot be watched now is tried again later.</summary>
    public async ValueTask BeginAsync()
    {
        await WatchAsync().ConfigureAwait(false);
        CheckAfter(_clock.GetTimestamp());
    }

    /// <summary>Starts the loop of a pool that has been published as active. It ends when the run stops.</summary>
    public void Start() => _ = Task.Run(RunAsync);

    /// <summary>Tells clients of a live pool that one of them has made or deleted a volume, as they are told of what others do. The gate is held.</summary>
    public void VolumesChanged()
    {
        if (_watch is not null)
        {
            Refreshes.RaisePaced();
        }
    }

    /// <summary>Has the loop look at the pool's state.</summary>
    public void Wake() => _alarm.Ring();

    private async Task RunAsync()
    {
        try
        {
            while (!_run.Stopped.IsCancellationRequested)
            {
                await _alarm.WaitAsync(await StepAsync().ConfigureAwait(false)).ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // Nobody waits for the loop, and the pool works without it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _log.NotWatched(error, _pool.Name);
        }
        finally
        {
            _alarm.Dispose();
        }
    }

    /// <summary>Does what is due; the time of the next step.</summary>
    private async ValueTask<DateTimeOffset> StepAsync()
    {
        if (Refreshes.DueAt <= Now)
        {
            using var hold = await _pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
            Refreshes.RaiseDue();
        }

        var next = _pool.State.Inaccessible is null ? await FollowAsync().ConfigureAwait(false) : await RecoverAsync().ConfigureAwait(false);
        return Earlier(next, Refreshes.DueAt);
    }

    /// <summary>Looks now and then whether storage that went is back.</summary>
    private async ValueTask<DateTimeOffset> RecoverAsync()
    {
        if (_probeAt is null)
        {
            _watch?.Dispose();
            _probes.Reset();
            _probeAt = Now + _probes.Next();
        }
        else if (_probeAt <= Now)
        {
            // A call that never returned waits for the storage too; one more is risked, for what hung may have been a single file.
            if (_pool.Threads.Abandoned <= 1 && await WatchAsync().ConfigureAwait(false))
            {
                await _scanner.SettleAsync(_pool, _run).ConfigureAwait(false);
            }

            if (_pool.State.Inaccessible is null)
            {
                return Now;
            }

            _watch?.Dispose();
            _probeAt = Now + _probes.Next();
        }

        return _probeAt.Value;
    }

    private async ValueTask<DateTimeOffset> FollowAsync()
    {
        if (_probeAt is not null)
        {
            _probeAt = null;
            _checkAt = Now;
        }

        if (_watch is null)
        {
            return DateTimeOffset.MaxValue;
        }

        var (any, gone) = _told.Look();
        if (gone || _checkAt <= Now)
        {
            await CheckAsync(gone).ConfigureAwait(false);
        }
        else if (any && _takeAt <= Now)
        {
            await TakeAsync().ConfigureAwait(false);
        }
        else if (any && _takeAt == DateTimeOffset.MaxValue)
        {
            _takeAt = Now + _settling;
        }

        return _pool.State.Inaccessible is null ? Earlier(_checkAt, _takeAt) : Now;
    }

    /// <summary>Makes sure that the pool is what is watched; scans it and watches it anew if not.</summary>
    private async ValueTask CheckAsync(bool gone)
    {
        long begun = _clock.GetTimestamp();
        if (gone || !await _watch!.CheckAsync(_run.Stopped).ConfigureAwait(false))
        {
            _watch!.Dispose();
            await WatchAsync().ConfigureAwait(false);
            await _scanner.SettleAsync(_pool, _run).ConfigureAwait(false);
        }
        else
        {
            await PoolScanner.RenewNumbersAsync(_pool, _run).ConfigureAwait(false);
        }

        CheckAfter(begun);
    }

    /// <summary>Takes in what was told.</summary>
    private async ValueTask TakeAsync()
    {
        _takeAt = DateTimeOffset.MaxValue;
        long begun = _clock.GetTimestamp();
        var (names, missed, _) = _told.Take();
        if (missed)
        {
            await _scanner.SettleAsync(_pool, _run).ConfigureAwait(false);
        }
        else
        {
            await LookAsync(names).ConfigureAwait(false);
        }

        _settling = RestAfter(begun, Settling, LongestSettling);
    }

    private async ValueTask LookAsync(IReadOnlyCollection<string> names)
    {
        try
        {
            await PoolScanner.RenewNumbersAsync(_pool, _run).ConfigureAwait(false);
            await PoolScanner.LookAsync(_pool, _run, names, isAsked: false, _run.Stopped).ConfigureAwait(false);
        }
        catch (Exception error) when (error is StorageException or OperationCanceledException)
        {
            // The pool was stopped.
        }
    }

    /// <summary>Begins a watch, with which what was told before is done; false when the storage cannot be reached.</summary>
    private async ValueTask<bool> WatchAsync()
    {
        _takeAt = DateTimeOffset.MaxValue;
        _ = _told.Take();
        return _watch is null || await _watch.BeginAsync(_told).ConfigureAwait(false);
    }

    /// <summary>Sets the time of the next look at the whole, after one that began at a time stamp.</summary>
    private void CheckAfter(long begun) =>
        _checkAt = Now + RestAfter(begun, _watch is { IsHeld: true, IsTold: false } ? PolledInterval : ToldInterval, LongestInterval);

    /// <summary>How long to rest from work that began at a time stamp.</summary>
    private TimeSpan RestAfter(long begun, TimeSpan shortest, TimeSpan longest)
    {
        var rest = _clock.GetElapsedTime(begun) * Rest;
        return rest < shortest ? shortest : rest < longest ? rest : longest;
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
}
