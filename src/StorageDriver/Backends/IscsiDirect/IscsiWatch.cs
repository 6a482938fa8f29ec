using Cistern.Storage.Backends.Capabilities;

namespace Cistern.Storage.Backends.IscsiDirect;

/// <summary>A target that is asked for its units now and then; that a unit grew is seen when it is asked about.</summary>
internal sealed class IscsiWatch(PoolContext pool, IscsiSession session, IReadOnlyList<int> units) : IPoolWatcher
{
    public bool IsTold => false;

    public async ValueTask<bool> CheckAsync(CancellationToken cancellation) =>
        (await pool.Threads.RunAsync(() => IscsiUnit.List(session), cancellation).ConfigureAwait(false)).SequenceEqual(units);

    public void Dispose()
    {
        // Nothing is held.
    }
}
