namespace Cistern.Storage.Backends.Capabilities;

/// <summary>The pool must be started and stopped: mounted, logged in, connected.</summary>
public interface IPoolActivation
{
    /// <summary>Whether the pool is up already, asked when the server starts (a mount survives it).</summary>
    ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation);

    /// <summary>Brings the pool up. A failure leaves nothing half-made.</summary>
    ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation);

    /// <summary>Takes the pool down; the session is disposed of by the caller afterwards.</summary>
    ValueTask StopAsync(PoolContext pool, CancellationToken cancellation);
}
