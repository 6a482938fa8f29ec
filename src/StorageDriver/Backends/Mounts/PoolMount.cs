using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Mounts;

/// <summary>What is mounted at a pool's target.</summary>
/// <param name="Mount">As the kernel tells it.</param>
/// <param name="IsPools">It is the pool's source.</param>
internal sealed record PoolMount(Mount Mount, bool IsPools, ulong MountId, ulong Device, bool IsLocal)
{
    /// <summary>Null when the target is a plain folder, or there is none. Asks the storage, which may hang.</summary>
    public static PoolMount? Find(KernelRoots kernel, string target, IMountSource source)
    {
        if (FileSystemCalls.Open(target, OpenFlags.NameOnly | OpenFlags.Directory, out SafeFileHandle? folder) < 0)
        {
            return null;
        }

        using (folder)
        {
            return FileStatusCalls.Get(folder!, out FileStatus status) == 0 && MountTable.Find(kernel, status.MountId) is { } mount
                && mount.Point == OpenDescriptor.PathOf(folder!)
                ? new PoolMount(
                    mount,
                    source.Is(kernel, mount),
                    status.MountId,
                    status.Device,
                    FileSystemStatus.Get(folder!, out FileSystemStatus fileSystem) == 0 && fileSystem.IsLocal)
                : null;
        }
    }
}
