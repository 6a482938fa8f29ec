namespace Cistern.Server.Hosting;

/// <summary>Gives memory back to the system when a burst of work is over: by itself the collector keeps most of what it once needed.
/// It follows the collector, so that a server without work is not woken.</summary>
internal sealed class MemoryTrimmer : IDisposable
{
    /// <summary>How long no collection must have been necessary: a trim stops all threads for some milliseconds.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    /// <summary>Bytes more than after the last trim that are worth one.</summary>
    private const long Worthwhile = 8 * 1024 * 1024;

    private readonly ITimer _timer;
    private long _kept;
    private volatile bool _isDisposed;

    public MemoryTrimmer(TimeProvider time)
    {
        _timer = time.CreateTimer(static self => ((MemoryTrimmer)self!).OnQuiet(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Collection.Watch(this);
    }

    /// <summary>How often memory was given back.</summary>
    public int Trims { get; private set; }

    public void Dispose()
    {
        _isDisposed = true;
        _timer.Dispose();
    }

    private void OnQuiet()
    {
        if (GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes > _kept + Worthwhile)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            _kept = GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes;
            Trims++;
        }
    }

    /// <summary>Garbage from the start: its finalizer tells that a collection has taken place.</summary>
    private sealed class Collection
    {
        private readonly MemoryTrimmer _trimmer;

        private Collection(MemoryTrimmer trimmer) => _trimmer = trimmer;

        ~Collection()
        {
            if (!_trimmer._isDisposed)
            {
                _trimmer._timer.Change(Quiet, Timeout.InfiniteTimeSpan);
                Watch(_trimmer);
            }
        }

        public static void Watch(MemoryTrimmer trimmer) => _ = new Collection(trimmer);
    }
}
