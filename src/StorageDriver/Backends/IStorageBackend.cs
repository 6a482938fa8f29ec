namespace Cistern.Storage.Backends;

/// <summary>
/// A kind of storage. It has no fields: what belongs to a running pool is its <see cref="IPoolSession"/>. What else a backend can do is said by
/// the interfaces of <c>Backends/Capabilities</c> that it implements; a client asking for what is absent gets libvirt's "not supported" (3/18).
/// Backends return values and never change the pool.
/// </summary>
public interface IStorageBackend
{
    /// <summary>The facts of the type.</summary>
    PoolTypeInfo Info { get; }

    /// <summary>Scans the whole pool. Runs beside the published state, any number of calls at once.</summary>
    /// <exception cref="Errors.StorageException">The pool cannot be read at all.</exception>
    ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation);
}

/// <summary>What belongs to one running pool: a mount, a cluster handle, a login. Kept by the facade, disposed of when the pool stops.</summary>
public interface IPoolSession : IAsyncDisposable;
