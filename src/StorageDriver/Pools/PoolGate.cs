namespace Cistern.Storage.Pools;

/// <summary>Orders changes of one object. Held briefly; reads never take it.</summary>
#pragma warning disable CA1001 // A semaphore whose wait handle is never asked for holds nothing to dispose of.
internal sealed class PoolGate
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _semaphore = new(1, 1);

    public async ValueTask<Hold> EnterAsync(CancellationToken cancellation)
    {
        await _semaphore.WaitAsync(cancellation).ConfigureAwait(false);
        return new Hold(this);
    }

    /// <summary>The gate if it is free now.</summary>
    public bool TryEnter(out Hold hold)
    {
        bool entered = _semaphore.Wait(0);
        hold = entered ? new Hold(this) : default;
        return entered;
    }

    /// <summary>Opens the gate when disposed of; once.</summary>
    public readonly struct Hold(PoolGate gate) : IDisposable
    {
        public void Dispose() => gate?._semaphore.Release();
    }
}
