namespace Cistern.Storage.Backends.Capabilities;

/// <summary>The pool must be started and stopped: mounted, logged in, connected.</summary>
public interface IPoolActivation
{
    /// <summary>Whether the pool is up already, asked when the server starts (a mount survives it).</summary>
    ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation);

    /// <summary>The session of a pool that <see cref="IsActiveAsync"/> found up; null for a type that has none.</summary>
    ValueTask<IPoolSession?> ResumeAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.FromResult<IPoolSession?>(null);

    /// <summary>Brings the pool up. A failure leaves nothing half-made.</summary>
    ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation);

    /// <summary>Takes the pool down; the session is disposed of by the caller afterwards.</summary>
    ValueTask StopAsync(PoolContext pool, CancellationToken cancellation);
}
