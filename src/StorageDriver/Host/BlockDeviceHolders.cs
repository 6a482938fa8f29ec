using System.Globalization;

namespace Cistern.Storage.Host;

/// <summary>What stands on a block device: device-mapper and RAID devices (sysfs, <c>holders</c>), and mounts.</summary>
internal static class BlockDeviceHolders
{
    public static FileHolder? Find(KernelRoots kernel, in FileStatus status)
    {
        ulong number = status.DeviceNumber;
        string device = string.Create(CultureInfo.InvariantCulture, $"{number >> 32}:{(uint)number}");
        string holders = $"{kernel.Sys}/dev/block/{device}/holders";
        if (Directory.Exists(holders) && Directory.EnumerateFileSystemEntries(holders).FirstOrDefault() is { } holder)
        {
            return new FileHolder(FileHolderKind.Device, Name(holder));
        }

        return MountTable.FindMountPoint(kernel, device) is { } mount ? new FileHolder(FileHolderKind.Mount, mount) : null;
    }

    /// <summary>The name that device-mapper gave, else the kernel's.</summary>
    private static string Name(string holder)
    {
        string name = $"{holder}/dm/name";
        return File.Exists(name) ? "/dev/mapper/" + File.ReadAllText(name).TrimEnd('\n') : "/dev/" + Path.GetFileName(holder);
    }
}
