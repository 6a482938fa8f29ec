using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Dir;

/// <summary>A folder of the host: nothing is mounted, nothing is formatted.</summary>
public sealed class DirBackend : FilePoolBackend, IPoolActivation, IPoolProvisioning
{
    private const uint NoOverwrite = 4;
    private const uint Overwrite = 8;

    public override PoolTypeInfo Info => DirPoolType.Info;

    public ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation) =>
        new(pool.Threads.RunAsync(() => PoolFolder.Exists(pool.Definition), cancellation));

    public ValueTask<IPoolSession?> ResumeAsync(PoolContext pool, CancellationToken cancellation) => StartAsync(pool, cancellation);

    /// <summary>Whether the folder is there is for the first refresh to find.</summary>
    public async ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation) =>
        await pool.Threads.RunAsync(() => FilePoolSession.Open(pool.Definition.Target!.Path), cancellation).ConfigureAwait(false);

    public ValueTask StopAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <exception cref="StorageException">55/18: a flag asks for a file system to be made, and there is no device to make it on.</exception>
    public ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation) =>
        flags switch
        {
            0 => new ValueTask(pool.Threads.RunAsync(() => PoolFolder.Build(pool.Definition), cancellation)),
            NoOverwrite or Overwrite => ValueTask.FromException(StorageErrors.NoDeviceToFormat(pool.Definition.Name)),
            NoOverwrite | Overwrite => ValueTask.FromException(StorageErrors.ExclusiveFlags(flags, "building of a pool")),
            _ => ValueTask.FromException(StorageErrors.UnsupportedFlags(flags, "building of a pool")),
        };

    public ValueTask DeleteAsync(PoolContext pool, uint flags, CancellationToken cancellation) =>
        flags == 0
            ? new ValueTask(pool.Threads.RunAsync(() => PoolFolder.Delete(pool.Definition), cancellation))
            : ValueTask.FromException(StorageErrors.UnsupportedFlags(flags, "deletion of a pool"));
}
