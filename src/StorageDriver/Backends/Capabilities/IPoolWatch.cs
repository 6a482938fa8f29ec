using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Capabilities;

/// <summary>What others do to the pool's storage can be noticed.</summary>
public interface IPoolWatch
{
    /// <summary>Begins to watch a running pool: what happens from now on is told to <paramref name="changes"/> or found by the watcher's checks.</summary>
    /// <exception cref="StorageException">The storage cannot be reached.</exception>
    ValueTask<IPoolWatcher> WatchAsync(PoolContext pool, IPoolChanges changes, CancellationToken cancellation);
}

/// <summary>A watch of one pool; ends when disposed of.</summary>
public interface IPoolWatcher : IDisposable
{
    /// <summary>Changes are told of when they happen; else only the checks find them, so that they have to be frequent.</summary>
    bool IsTold { get; }

    /// <summary>A cheap look at the whole: false when the pool has to be scanned, and watched anew, to be sure of what it holds.</summary>
    ValueTask<bool> CheckAsync(CancellationToken cancellation);
}

/// <summary>Takes what a watch has to tell, from any thread; never blocks.</summary>
public interface IPoolChanges
{
    /// <summary>Something happened to the volume of a name, or to what may be one.</summary>
    void Changed(string name);

    /// <summary>More happened than could be told.</summary>
    void Missed();

    /// <summary>The storage went, or another took its place; the watch is of no use any more.</summary>
    void Gone();
}
