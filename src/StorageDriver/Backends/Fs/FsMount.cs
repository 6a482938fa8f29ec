using System.Globalization;
using Cistern.Storage.Definitions;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Fs;

/// <summary>What is mounted at a pool's target.</summary>
/// <param name="Source">As the kernel tells it.</param>
/// <param name="IsPools">It is the pool's source device.</param>
internal sealed record FsMount(string Source, bool IsPools, ulong MountId, ulong Device, bool IsLocal)
{
    /// <summary>Null when the target is a plain folder, or there is none.</summary>
    public static FsMount? Find(KernelRoots kernel, PoolDefinition pool)
    {
        if (FileSystemCalls.Open(pool.Target!.Path, OpenFlags.NameOnly | OpenFlags.Directory, out SafeFileHandle? folder) < 0)
        {
            return null;
        }

        using (folder)
        {
            return FileStatusCalls.Get(folder!, out FileStatus status) == 0 && MountTable.Find(kernel, status.MountId) is { } mount
                && mount.Point == PathOf(folder!)
                ? new FsMount(
                    mount.Source,
                    IsSource(kernel, mount, pool.Source.Devices[0].Path),
                    status.MountId,
                    status.Device,
                    FileSystemStatus.Get(folder!, out FileSystemStatus fileSystem) == 0 && fileSystem.IsLocal)
                : null;
        }
    }

    /// <summary>By device number first: a device has several names, and some file systems are known to the kernel by none of them.</summary>
    private static bool IsSource(KernelRoots kernel, Mount mount, string device)
    {
        if (FileStatusCalls.Get(device, out FileStatus status) < 0)
        {
            return mount.Source == device;
        }

        return (status.Type == FileType.BlockDevice && mount.Device == Text(status.DeviceNumber))
            || (mount.Source.StartsWith('/') && FileStatusCalls.Get(mount.Source, out FileStatus mounted) == 0 && status.IsSameAs(mounted))
            || (status.Type == FileType.Regular && LoopDevices.StandsOn(kernel, mount.Source, Canonical(device), status));
    }

    private static string Text(ulong device) => string.Create(CultureInfo.InvariantCulture, $"{device >> 32}:{(uint)device}");

    private static string Canonical(string path)
    {
        SystemCall.Check(FileSystemCalls.Open(path, OpenFlags.NameOnly, out SafeFileHandle? file), $"cannot open '{path}'");
        using (file)
        {
            return PathOf(file!) ?? path;
        }
    }

    /// <summary>The path without links by which the kernel knows an open file.</summary>
    private static string? PathOf(SafeFileHandle file)
    {
        using OpenDescriptor descriptor = new(file);
        return new FileInfo($"/proc/self/fd/{descriptor.Number}").LinkTarget;
    }
}
