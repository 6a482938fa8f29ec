using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Backends.Fs;

/// <summary>A device with a file system, mounted at the target while the pool runs. A target on which it is not mounted is never used.</summary>
public sealed class FsBackend : FilePoolBackend, IPoolActivation, IPoolProvisioning
{
    private const uint NoOverwrite = 4;
    private const uint Overwrite = 8;

    public override PoolTypeInfo Info => FsPoolType.Info;

    /// <exception cref="StorageException">67 or 8/18: the source is not one absolute path.</exception>
    public async ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation)
    {
        CheckSource(pool.Definition);
        return await FindMountAsync(pool, cancellation).ConfigureAwait(false) is { IsPools: true };
    }

    public async ValueTask<IPoolSession?> ResumeAsync(PoolContext pool, CancellationToken cancellation) =>
        await OpenAsync(pool, cancellation).ConfigureAwait(false);

    /// <summary>A source that is mounted at the target already is taken as it is.</summary>
    /// <exception cref="StorageException">67 or 8/18: the source; 55/18: another source is mounted at the target; 1/0: mount failed.</exception>
    public async ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation)
    {
        PoolDefinition definition = pool.Definition;
        CheckSource(definition);
        FsMount? mount = await FindMountAsync(pool, cancellation).ConfigureAwait(false);
        if (mount is { IsPools: false })
        {
            throw StorageErrors.TargetTaken(definition.Target!.Path, definition.Source.Devices[0].Path, mount.Source);
        }

        await using Undo undo = new(pool.Host.Loggers.CreateLogger<FsBackend>());
        if (mount is null)
        {
            // A command that was killed may have mounted all the same.
            undo.Add(async () =>
            {
                if (await FindMountAsync(pool, CancellationToken.None).ConfigureAwait(false) is not null)
                {
                    await pool.Host.RunAsync(FsCommands.Unmount(definition), CancellationToken.None).ConfigureAwait(false);
                }
            });
            await pool.Host.RunAsync(FsCommands.Mount(definition), cancellation).ConfigureAwait(false);
        }

        FsSession session = await OpenAsync(pool, cancellation).ConfigureAwait(false);
        undo.Commit();
        return session;
    }

    /// <summary>What is not mounted any more needs no unmounting.</summary>
    /// <exception cref="StorageException">1/0: umount failed, for example because the file system is in use.</exception>
    public async ValueTask StopAsync(PoolContext pool, CancellationToken cancellation)
    {
        if (await FindMountAsync(pool, cancellation).ConfigureAwait(false) is { IsPools: true })
        {
            await pool.Host.RunAsync(FsCommands.Unmount(pool.Definition), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Makes the target folder and, with a flag, the file system.</summary>
    /// <exception cref="StorageException">
    /// 8/18: flags; 38/18: the folder; 55/18: there is no device; 76/18: it is not empty; 75/18: that cannot be found out; 1/0: mkfs failed.
    /// </exception>
    public async ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation)
    {
        if ((flags & ~(NoOverwrite | Overwrite)) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "building of a pool");
        }

        if (flags == (NoOverwrite | Overwrite))
        {
            throw StorageErrors.ExclusiveFlags(flags, "building of a pool");
        }

        await pool.Threads.RunAsync(() => PoolFolder.Build(pool.Definition), cancellation).ConfigureAwait(false);
        if (flags != 0)
        {
            CheckSource(pool.Definition);
            await pool.Threads.RunAsync(() => CheckDevice(pool.Definition, flags), cancellation).ConfigureAwait(false);
            await pool.Host.RunAsync(FsCommands.Make(pool.Definition), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Removes the target folder; the device keeps what is on it.</summary>
    public ValueTask DeleteAsync(PoolContext pool, uint flags, CancellationToken cancellation) =>
        flags == 0
            ? new ValueTask(pool.Threads.RunAsync(() => PoolFolder.Delete(pool.Definition), cancellation))
            : ValueTask.FromException(StorageErrors.UnsupportedFlags(flags, "deletion of a pool"));

    /// <summary>A path that begins with a slash cannot be taken for an option by a tool.</summary>
    private static void CheckSource(PoolDefinition pool)
    {
        if (pool.Source.Devices is not [var device])
        {
            throw StorageErrors.SourceDeviceCount(pool.Name, pool.Source.Devices.Length);
        }

        foreach (string path in (string[])[device.Path, pool.Target!.Path])
        {
            if (!path.StartsWith('/'))
            {
                throw StorageErrors.PathNotAbsolute(path);
            }
        }
    }

    private static void CheckDevice(PoolDefinition pool, uint flags)
    {
        string device = pool.Source.Devices[0].Path;
        if (FileStatusCalls.Get(device, out _) < 0)
        {
            throw StorageErrors.NoSuchDevice(pool.Name, device);
        }

        if (flags == NoOverwrite)
        {
            DeviceProbe.RequireEmpty(device);
        }
    }

    private static Task<FsMount?> FindMountAsync(PoolContext pool, CancellationToken cancellation) =>
        pool.Threads.RunAsync(() => FsMount.Find(pool.Host.Kernel, pool.Definition), cancellation);

    private static Task<FsSession> OpenAsync(PoolContext pool, CancellationToken cancellation) =>
        pool.Threads.RunAsync(() => FsSession.Open(pool.Host.Kernel, pool.Definition), cancellation);
}
