using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Disk;

/// <summary>
/// Who uses the partitions that a change of the label would take away or number anew. parted writes the label before it finds out that the kernel
/// keeps a partition that is open, and leaves the two apart then: so that is found out before.
/// </summary>
internal static class DiskUse
{
    /// <summary>What looks at a new device, as udev does, is soon gone.</summary>
    private const int Attempts = 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Before the disk is labelled anew.</summary>
    /// <exception cref="StorageException">55/18: the disk, or a partition of it, is in use.</exception>
    public static async ValueTask RequireUnusedAsync(PoolContext pool, string path, CancellationToken cancellation)
    {
        KernelRoots kernel = pool.Host.Kernel;
        string[] nodes = await pool.Threads.RunAsync(
            () => FileStatusCalls.Get(path, out FileStatus status) == 0 ? KernelPartitions.Of(kernel, status).Select(device => device.Node).ToArray() : [],
            cancellation).ConfigureAwait(false);
        await RequireUnusedAsync(pool, path, nodes, cancellation).ConfigureAwait(false);
        if (await pool.Threads.RunAsync(() => Held(kernel, path, orOpen: false), cancellation).ConfigureAwait(false) is { } holder)
        {
            throw StorageErrors.DiskHeld(path, path, holder);
        }
    }

    /// <summary>Before a partition is removed: of an extended one go the logical ones with it, of a logical one the others are numbered anew.</summary>
    /// <exception cref="StorageException">55/18: one of them is in use.</exception>
    public static ValueTask RequireRemovableAsync(PoolContext pool, DiskLook disk, Partition partition, CancellationToken cancellation)
    {
        IEnumerable<Partition> touched = partition.Role switch
        {
            PartitionRole.Extended => disk.Table.Logicals,
            PartitionRole.Logical => Renumbered(disk, partition),
            _ => [],
        };
        return RequireUnusedAsync(pool, disk.Path, [.. touched.Append(partition).Select(disk.NodeOf)], cancellation);
    }

    /// <summary>Before a partition is added: parted has the kernel number logical partitions as the label does then.</summary>
    /// <exception cref="StorageException">55/18: one that the kernel numbers otherwise is in use.</exception>
    public static ValueTask RequireNumberableAsync(PoolContext pool, DiskLook disk, CancellationToken cancellation) =>
        RequireUnusedAsync(pool, disk.Path, [.. Renumbered(disk, removed: null).Select(disk.NodeOf)], cancellation);

    private static IEnumerable<Partition> Renumbered(DiskLook disk, Partition? removed) =>
        disk.Table.Logicals.Where(logical => logical != removed).Where(logical =>
            disk.DeviceOf(logical) is { } device
            && device.Number != logical.Number - (removed?.Number < logical.Number ? 1 : 0));

    private static async ValueTask RequireUnusedAsync(PoolContext pool, string disk, string[] nodes, CancellationToken cancellation)
    {
        KernelRoots kernel = pool.Host.Kernel;
        foreach (string node in nodes)
        {
            FileHolder? holder = null;
            for (int attempt = 0; attempt < Attempts; attempt++)
            {
                holder = await pool.Threads.RunAsync(() => Held(kernel, node, orOpen: true), cancellation).ConfigureAwait(false);
                if (holder is not { Kind: FileHolderKind.Process })
                {
                    break;
                }

                await Task.Delay(Pause, pool.Host.Clock, cancellation).ConfigureAwait(false);
            }

            if (holder is not null)
            {
                throw StorageErrors.DiskHeld(disk, node, holder);
            }
        }
    }

    private static FileHolder? Held(KernelRoots kernel, string node, bool orOpen) =>
        FileStatusCalls.Get(node, out FileStatus status) == 0 && status.Type == FileType.BlockDevice
            ? FileHolders.Find(kernel, node, status) ?? (orOpen ? ProcessFiles.Find(kernel, node) : null)
            : null;
}
