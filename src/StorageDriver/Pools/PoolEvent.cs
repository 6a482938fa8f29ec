namespace Cistern.Storage.Pools;

/// <summary>What happened to a pool; the first six are the numbers of <c>virStoragePoolEventLifecycleType</c>.</summary>
public enum PoolEventKind
{
    Defined = 0,
    Undefined = 1,
    Started = 2,
    Stopped = 3,
    Created = 4,
    Deleted = 5,

    /// <summary>Not a lifecycle event: the pool's list of volumes may have changed.</summary>
    Refreshed = 100,
}

/// <summary>An event of a pool.</summary>
public readonly record struct PoolEvent(PoolEventKind Kind, PoolReference Pool);
