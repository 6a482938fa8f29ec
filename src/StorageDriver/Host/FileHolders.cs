namespace Cistern.Storage.Host;

/// <summary>Finds what holds a file or block device: locks, loop devices, and for block devices what stands on them and mounts.</summary>
internal static class FileHolders
{
    /// <param name="status">Of <paramref name="path"/>.</param>
    /// <returns>The first one found; null when there is none.</returns>
    public static FileHolder? Find(KernelRoots kernel, string path, in FileStatus status) =>
        FileLocks.Find(kernel, status)
        ?? LoopDevices.Find(kernel, path, status)
        ?? (status.Type == FileType.BlockDevice ? BlockDeviceHolders.Find(kernel, status) : null);
}
