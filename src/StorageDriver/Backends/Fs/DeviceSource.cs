using System.Globalization;
using Cistern.Storage.Backends.Mounts;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Fs;

/// <summary>A block device, or an image file that is mounted through a loop device.</summary>
/// <param name="Name">An absolute path.</param>
internal sealed record DeviceSource(string Name) : IMountSource
{
    /// <summary>By device number first: a device has several names, and some file systems are known to the kernel by none of them.</summary>
    public bool Is(KernelRoots kernel, Mount mount)
    {
        if (FileStatusCalls.Get(Name, out FileStatus status) < 0)
        {
            return mount.Source == Name;
        }

        return (status.Type == FileType.BlockDevice && mount.Device == Text(status.DeviceNumber))
            || (mount.Source.StartsWith('/') && FileStatusCalls.Get(mount.Source, out FileStatus mounted) == 0 && status.IsSameAs(mounted))
            || (status.Type == FileType.Regular && LoopDevices.StandsOn(kernel, mount.Source, Canonical(Name), status));
    }

    private static string Text(ulong device) => string.Create(CultureInfo.InvariantCulture, $"{device >> 32}:{(uint)device}");

    private static string Canonical(string path)
    {
        SystemCall.Check(FileSystemCalls.Open(path, OpenFlags.NameOnly, out SafeFileHandle? file), $"cannot open '{path}'");
        using (file)
        {
            return OpenDescriptor.PathOf(file!) ?? path;
        }
    }
}
