using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Backends.Mounts;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Fs;

/// <summary>A device with a file system.</summary>
public sealed class FsBackend : MountBackend
{
    private const uint NoOverwrite = 4;
    private const uint Overwrite = 8;

    public override PoolTypeInfo Info => FsPoolType.Info;

    /// <summary>Makes the target folder and, with a flag, the file system.</summary>
    /// <exception cref="StorageException">
    /// 8/18: flags; 38/18: the folder; 55/18: there is no device; 76/18: it is not empty; 75/18: that cannot be found out; 1/0: mkfs failed.
    /// </exception>
    public override async ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation)
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
            string device = Source(pool.Definition).Name;
            await pool.Threads.RunAsync(() => CheckDevice(pool.Definition.Name, device, flags), cancellation).ConfigureAwait(false);
            await pool.Host.RunAsync(FsCommands.Make(pool.Definition), cancellation).ConfigureAwait(false);
        }
    }

    internal override IMountSource Source(PoolDefinition pool)
    {
        if (pool.Source.Devices is not [var device])
        {
            throw StorageErrors.SourceDeviceCount(pool.Name, pool.Source.Devices.Length);
        }

        RequireAbsolute(device.Path);
        RequireAbsolute(pool.Target!.Path);
        return new DeviceSource(device.Path);
    }

    private protected override Task MountAsync(PoolContext pool, CancellationToken cancellation) =>
        pool.Host.RunAsync(FsCommands.Mount(pool.Definition), cancellation);

    private protected override Command Unmount(PoolDefinition pool) => FsCommands.Unmount(pool);

    private static void CheckDevice(string pool, string device, uint flags)
    {
        if (FileStatusCalls.Get(device, out _) < 0)
        {
            throw StorageErrors.NoSuchDevice(pool, device);
        }

        if (flags == NoOverwrite)
        {
            DeviceProbe.RequireEmpty(device);
        }
    }
}
