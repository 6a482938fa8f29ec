using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Pools;

/// <summary>Keeps a volume from deletion while another volume is layered on it, or something on the host holds it.</summary>
internal sealed class DeleteGuard(DriverContext driver)
{
    /// <exception cref="StorageException">55/18, naming who uses the volume.</exception>
    public async ValueTask CheckAsync(StoragePool pool, PoolContext context, VolumeDefinition volume)
    {
        if (!driver.Options.DeleteGuard || volume is not { Kind: VolumeKind.File or VolumeKind.Block, Target.Path: { } path })
        {
            return;
        }

        var (file, holder) = await context.Threads.RunAsync(() => Look(context.Host.Kernel, path, volume.Kind), CancellationToken.None).ConfigureAwait(false);
        if (driver.Registry.Volumes.Backings.Find(path, file, (pool, volume.Name)) is var (otherPool, other))
        {
            throw StorageErrors.VolumeBacksAnother(volume.Name, other.Name, otherPool.Name);
        }

        if (holder is not null)
        {
            throw StorageErrors.VolumeHeld(volume.Name, holder);
        }
    }

    /// <summary>Of a link in a pool's folder only the link would be deleted: nobody holds that.</summary>
    private static ((ulong Device, ulong Inode)? File, FileHolder? Holder) Look(KernelRoots kernel, string path, VolumeKind kind)
    {
        int result = kind == VolumeKind.Block ? FileStatusCalls.Get(path, out var status) : FileStatusCalls.GetNoFollow(path, out status);
        return result == 0 && status.Type is (FileType.Regular or FileType.BlockDevice)
            ? ((status.Device, status.Inode), IsHeld(path, status) ? FileHolders.Find(kernel, path, status) : null)
            : default;
    }

    /// <summary>Whether to look for who it is.</summary>
    private static bool IsHeld(string path, in FileStatus status) => status.Type == FileType.BlockDevice || !FileLease.IsFree(path);
}
