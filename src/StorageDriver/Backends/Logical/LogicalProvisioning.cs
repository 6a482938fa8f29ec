using System.Collections.Immutable;
using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Backends.Logical;

/// <summary>Makes volume groups of devices, and removes them.</summary>
internal static class LogicalProvisioning
{
    private const uint NoOverwrite = 4;
    private const uint Overwrite = 8;

    /// <exception cref="StorageException">
    /// 8/18: flags, names; 76/18: a device is not empty; 75/18: that cannot be found out; 55/18: it is in use; 38/18: it cannot be written; 1/0: a tool failed.
    /// </exception>
    public static async ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation)
    {
        if ((flags & ~(NoOverwrite | Overwrite)) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "building of a pool");
        }

        if (flags == (NoOverwrite | Overwrite))
        {
            throw StorageErrors.ExclusiveFlags(flags, "building of a pool");
        }

        string group = LogicalSources.Group(pool.Definition);
        ImmutableArray<string> devices = Devices(pool.Definition);
        await using Undo undo = new(pool.Host.Loggers.CreateLogger<LogicalBackend>());
        foreach (string device in devices)
        {
            await pool.Threads.RunAsync(() => MakeBlank(pool.Host.Kernel, device, flags == Overwrite), cancellation).ConfigureAwait(false);
            undo.Add(async () => await LvmTool.TryAsync(pool.Host, LogicalCommands.RemovePhysicalVolume(device), CancellationToken.None).ConfigureAwait(false));
            await LvmTool.RunAsync(pool.Host, LogicalCommands.CreatePhysicalVolume(device), cancellation).ConfigureAwait(false);
        }

        await LvmTool.RunAsync(pool.Host, LogicalCommands.CreateGroup(group, devices), cancellation).ConfigureAwait(false);
        undo.Commit();
    }

    /// <summary>Removes the volume group and what LVM has on the devices that the pool names.</summary>
    public static async ValueTask DeleteAsync(PoolContext pool, uint flags, CancellationToken cancellation)
    {
        if (flags != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "deletion of a pool");
        }

        ImmutableArray<string> devices = Devices(pool.Definition);
        await LvmTool.RunAsync(pool.Host, LogicalCommands.RemoveGroup(LogicalSources.Group(pool.Definition)), cancellation).ConfigureAwait(false);
        foreach (string device in devices)
        {
            // The group is gone: a device that is not its own any more is none of ours.
            await LvmTool.TryAsync(pool.Host, LogicalCommands.RemovePhysicalVolume(device), cancellation).ConfigureAwait(false);
        }
    }

    private static ImmutableArray<string> Devices(PoolDefinition pool) =>
        [.. pool.Source.Devices.Select(device => device.Path.StartsWith('/') ? device.Path : throw StorageErrors.PathNotAbsolute(device.Path))];

    /// <summary>A whole disk with a partition table cannot become a physical volume.</summary>
    private static void MakeBlank(KernelRoots kernel, string device, bool overwrite)
    {
        if (!overwrite)
        {
            DeviceProbe.RequireEmpty(device);
        }

        if (FileStatusCalls.Get(device, out FileStatus status) == 0
            && status.Type == FileType.BlockDevice
            && BlockDeviceHolders.Find(kernel, status) is { } holder)
        {
            throw StorageErrors.DeviceHeld(device, holder);
        }

        BlockDevice.Blank(device);
    }
}
