using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Backends.Mounts;

/// <summary>A source that is mounted at the target while the pool runs. A target on which it is not mounted is never used.</summary>
public abstract class MountBackend : FilePoolBackend, IPoolActivation, IPoolProvisioning
{
    /// <exception cref="StorageException">67 or 8/18: the source cannot be mounted, or must not be given to a tool.</exception>
    public async ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation) =>
        await FindMountAsync(pool, cancellation).ConfigureAwait(false) is { IsPools: true };

    public async ValueTask<IPoolSession?> ResumeAsync(PoolContext pool, CancellationToken cancellation) =>
        await OpenAsync(pool, cancellation).ConfigureAwait(false);

    /// <summary>A source that is mounted at the target already is taken as it is.</summary>
    /// <exception cref="StorageException">67 or 8/18: the source; 55/18: another source is mounted at the target; 1/0: the tool failed.</exception>
    public async ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation)
    {
        PoolMount? mount = await FindMountAsync(pool, cancellation).ConfigureAwait(false);
        if (mount is { IsPools: false })
        {
            throw StorageErrors.TargetTaken(pool.Definition.Target!.Path, Source(pool.Definition).Name, mount.Mount.Source);
        }

        await using Undo undo = new(pool.Host.Loggers.CreateLogger<MountBackend>());
        if (mount is null)
        {
            // A command that was killed may have mounted all the same.
            undo.Add(async () =>
            {
                if (await FindMountAsync(pool, CancellationToken.None).ConfigureAwait(false) is not null)
                {
                    await UnmountAsync(pool, CancellationToken.None).ConfigureAwait(false);
                }
            });
            await MountAsync(pool, cancellation).ConfigureAwait(false);
        }

        MountSession session = await OpenAsync(pool, cancellation).ConfigureAwait(false);
        undo.Commit();
        return session;
    }

    /// <summary>What is not mounted any more needs no unmounting. A mount whose storage hangs is unmounted without asking the storage.</summary>
    /// <exception cref="StorageException">1/0: umount failed, for example because the file system is in use; 68/18: it did not end in time.</exception>
    public async ValueTask StopAsync(PoolContext pool, CancellationToken cancellation)
    {
        MountSession? seen = pool.Session is MountSession { IsStillThere: true } session ? session : null;
        if (seen is null && await FindMountAsync(pool, cancellation).ConfigureAwait(false) is not { IsPools: true })
        {
            return;
        }

        try
        {
            await UnmountAsync(pool, cancellation).ConfigureAwait(false);
        }
        catch (StorageException) when (seen is { IsStillThere: false })
        {
            // The mount is gone: what the tool still waited for, as the farewell to a server that does not answer, is the kernel's affair.
        }
    }

    public abstract ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation);

    /// <summary>Removes the target folder; the source keeps what is on it.</summary>
    public ValueTask DeleteAsync(PoolContext pool, uint flags, CancellationToken cancellation) => PoolFolder.DeleteAsync(pool, flags, cancellation);

    /// <exception cref="StorageException">67 or 8/18: it cannot be mounted, or must not be given to a tool.</exception>
    internal abstract IMountSource Source(PoolDefinition pool);

    /// <summary>Runs the command that mounts.</summary>
    private protected abstract Task MountAsync(PoolContext pool, CancellationToken cancellation);

    private protected abstract Command Unmount(PoolDefinition pool);

    /// <exception cref="StorageException">8/18. A path that begins with a slash cannot be taken for an option by a tool.</exception>
    private protected static void RequireAbsolute(string path)
    {
        if (!path.StartsWith('/'))
        {
            throw StorageErrors.PathNotAbsolute(path);
        }
    }

    private Task<string> UnmountAsync(PoolContext pool, CancellationToken cancellation) => pool.Host.RunAsync(Unmount(pool.Definition), cancellation);

    private Task<PoolMount?> FindMountAsync(PoolContext pool, CancellationToken cancellation)
    {
        IMountSource source = Source(pool.Definition);
        return pool.Threads.RunAsync(() => PoolMount.Find(pool.Host.Kernel, pool.Definition.Target!.Path, source), cancellation);
    }

    private Task<MountSession> OpenAsync(PoolContext pool, CancellationToken cancellation)
    {
        IMountSource source = Source(pool.Definition);
        return pool.Threads.RunAsync(() => MountSession.Open(pool.Host.Kernel, pool.Definition.Target!.Path, source), cancellation);
    }
}
