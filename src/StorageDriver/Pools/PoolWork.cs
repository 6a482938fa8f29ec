namespace Cistern.Storage.Pools;

/// <summary>How many threads of all pools of a host are at work; those left behind wait for their storage only, and do not count.</summary>
public sealed class PoolWork
{
    private int _threads;

    /// <summary>Whether any of them is, and so wants a processor.</summary>
    public bool IsUnderWay => Volatile.Read(ref _threads) > 0;

    internal void Begin() => Interlocked.Increment(ref _threads);

    internal void End() => Interlocked.Decrement(ref _threads);
}
