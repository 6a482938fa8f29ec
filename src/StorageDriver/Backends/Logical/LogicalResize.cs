using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Logical;

/// <summary>Changes the capacity of logical volumes, to whole extents.</summary>
internal static class LogicalResize
{
    private const uint Allocate = 1;
    private const uint Shrink = 4;

    /// <exception cref="StorageException">
    /// 8/18: flags; 3/18: a snapshot; 84/18: a thin volume is to be allocated; 55/18: what is to be shrunk is in use; 1/0: the tool failed.
    /// </exception>
    public static async ValueTask RunAsync(PoolContext pool, VolumeDefinition volume, ulong capacity, uint flags, CancellationToken cancellation)
    {
        if ((flags & ~(Allocate | Shrink)) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "resizing of a volume");
        }

        string path = volume.Target.Path!;
        VolumeGroup group = await LogicalScan.ReportAsync(pool, cancellation).ConfigureAwait(false);
        LogicalVolume found = group.Find(volume.Name) ?? throw StorageErrors.NoVolume(volume.Name);
        if (found.IsSnapshot)
        {
            throw StorageErrors.SnapshotNotResizable(volume.Name);
        }

        if (found.IsThin && (flags & Allocate) != 0)
        {
            throw StorageErrors.AllocationNotSupported("thin");
        }

        // LVM takes a change to what is there already for a mistake.
        ulong size = group.InExtents(capacity);
        if (size > found.Size)
        {
            await LvmTool.RunAsync(pool.Host, LogicalCommands.Extend(path, capacity), cancellation).ConfigureAwait(false);
        }
        else if (size < found.Size)
        {
            await pool.Threads.RunAsync(() => RequireUnused(pool.Host.Kernel, volume), cancellation).ConfigureAwait(false);
            await LvmTool.RunAsync(pool.Host, LogicalCommands.Reduce(path, capacity), cancellation).ConfigureAwait(false);
        }
    }

    private static void RequireUnused(KernelRoots kernel, VolumeDefinition volume)
    {
        string path = volume.Target.Path!;
        if (FileStatusCalls.Get(path, out FileStatus status) == 0 && FileHolders.Find(kernel, path, status) is { } holder)
        {
            throw StorageErrors.VolumeHeld(volume.Name, holder);
        }
    }
}
