using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;

namespace Cistern.Storage.Backends.Dir;

/// <summary>A folder of the host: nothing is mounted, nothing is formatted.</summary>
public sealed class DirBackend : FilePoolBackend, IPoolActivation, IPoolProvisioning
{
    public override PoolTypeInfo Info => DirPoolType.Info;

    public ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation) =>
        new(pool.Threads.RunAsync(() => PoolFolder.Exists(pool.Definition), cancellation));

    public ValueTask<IPoolSession?> ResumeAsync(PoolContext pool, CancellationToken cancellation) => StartAsync(pool, cancellation);

    /// <summary>Whether the folder is there is for the first refresh to find.</summary>
    public async ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation) =>
        await pool.Threads.RunAsync(() => FilePoolSession.Open(pool.Definition.Target!.Path), cancellation).ConfigureAwait(false);

    public ValueTask StopAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation) => PoolFolder.BuildAsync(pool, flags, cancellation);

    public ValueTask DeleteAsync(PoolContext pool, uint flags, CancellationToken cancellation) => PoolFolder.DeleteAsync(pool, flags, cancellation);
}
