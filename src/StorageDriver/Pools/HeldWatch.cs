using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Pools;

/// <summary>The watch of one activation of a pool: none, or one at a time; it ends with the activation. Used by one task at a time.</summary>
internal sealed class HeldWatch : IPoolWatcher
{
    private readonly IPoolWatch _watch;
    private readonly StoragePool _pool;
    private readonly PoolRun _run;
    private readonly Lock _lock = new();
    private IPoolWatcher? _watcher;

    public HeldWatch(IPoolWatch watch, StoragePool pool, PoolRun run)
    {
        _watch = watch;
        _pool = pool;
        _run = run;
        run.Stopped.UnsafeRegister(static held => ((HeldWatch)held!).Dispose(), this);
    }

    public bool IsHeld => _watcher is not null;

    public bool IsTold => _watcher is { IsTold: true };

    /// <summary>Begins to watch; false when the storage cannot be reached or the pool has been stopped.</summary>
    public async ValueTask<bool> BeginAsync(IPoolChanges told)
    {
        // A watch lasts for long and has no use for what was known of volumes when it began.
        var context = _pool.Context(_pool.State with { Volumes = VolumeTable.Empty }, _run.Session);
        try
        {
            var watcher = await _watch.WatchAsync(context, told, _run.Stopped).ConfigureAwait(false);
            return Hold(watcher);
        }
        catch (Exception error) when (error is StorageException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>False too when nothing is watched, or the storage cannot be reached.</summary>
    public async ValueTask<bool> CheckAsync(CancellationToken cancellation)
    {
        try
        {
            return _watcher is { } watcher && await watcher.CheckAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (error is StorageException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Ends the watch; another may begin.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _watcher?.Dispose();
            _watcher = null;
        }
    }

    private bool Hold(IPoolWatcher watcher)
    {
        lock (_lock)
        {
            if (!_run.Stopped.IsCancellationRequested)
            {
                _watcher = watcher;
                return true;
            }
        }

        watcher.Dispose();
        return false;
    }
}
