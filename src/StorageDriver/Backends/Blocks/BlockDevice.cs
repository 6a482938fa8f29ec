using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Blocks;

/// <summary>Looks at block devices, and changes what is not their content. Its calls block: for the pool's threads.</summary>
internal static class BlockDevice
{
    /// <summary>Bytes at each end that are overwritten to make a device blank.</summary>
    private const int BlankSize = 1024 * 1024;

    private const int Flags = OpenFlags.ReadOnly | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal;

    /// <summary>
    /// Completes a volume with what the device at its path says: capacity, allocation and physical size (all the device's), permissions and times.
    /// </summary>
    /// <param name="readsLabel">Gives the volume the format that its partition label has: one of those of disk pools, or <c>unknown</c>.</param>
    /// <returns>Null when nothing is there, or no block device.</returns>
    /// <exception cref="StorageException">38/18: it cannot be opened or read.</exception>
    public static VolumeDefinition? Describe(VolumeDefinition volume, bool readsLabel)
    {
        string path = volume.Target.Path!;
        int result = FileSystemCalls.Open(path, Flags, out SafeFileHandle? device);
        if (result is -Errno.NoEntry or -Errno.NoSuchDevice or -Errno.NoDevice or -Errno.Loop or -Errno.NotDirectory)
        {
            return null;
        }

        SystemCall.Check(result, $"cannot open volume '{path}'");
        using (device)
        {
            SystemCall.Check(FileStatusCalls.Get(device!, out FileStatus status), $"cannot stat volume '{path}'");
            if (status.Type != FileType.BlockDevice)
            {
                return null;
            }

            ulong size = (ulong)SystemCall.Check(FileSpaceCalls.End(device!), $"cannot find the end of volume '{path}'");
            return volume with
            {
                Kind = VolumeKind.Block,
                Capacity = size,
                Allocation = size,
                Physical = size,
                Target = volume.Target with
                {
                    Format = readsLabel ? ReadLabel(device!, path) : volume.Target.Format,
                    Permissions = FileDescription.WithLabel(FileDescription.Permissions(status), path),
                    Timestamps = FileDescription.Timestamps(status) with { Birth = default },
                },
            };
        }
    }

    /// <summary>The device's size in bytes.</summary>
    /// <exception cref="StorageException">38/18: it cannot be opened.</exception>
    public static long Size(string path)
    {
        SystemCall.Check(FileSystemCalls.Open(path, Flags, out SafeFileHandle? device), $"cannot open device '{path}'");
        using (device)
        {
            return SystemCall.Check(FileSpaceCalls.End(device!), $"cannot find the end of device '{path}'");
        }
    }

    /// <summary>Gives the device's node the owner, group, mode and label that are asked for; what is not asked for stays.</summary>
    /// <exception cref="StorageException">38/18.</exception>
    public static void SetPermissions(string path, Permissions? asked)
    {
        if (asked is null)
        {
            return;
        }

        SystemCall.Check(FileSystemCalls.Open(path, Flags, out SafeFileHandle? device), $"cannot open device '{path}'");
        using (device)
        {
            FileOwnership.Set(device!, asked, defaultMode: null, path);
        }
    }

    /// <summary>Overwrites both ends, where labels and signatures are, and has that on the device when it returns.</summary>
    /// <exception cref="StorageException">38/18: it is no device, cannot be opened for writing, or not be written.</exception>
    public static void Blank(string path)
    {
        SystemCall.Check(FileSystemCalls.Open(path, OpenFlags.WriteOnly | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal, out SafeFileHandle? device), $"cannot open device '{path}'");
        using (device)
        {
            SystemCall.Check(FileStatusCalls.Get(device!, out FileStatus status), $"cannot stat device '{path}'");
            if (status.Type != FileType.BlockDevice)
            {
                throw StorageErrors.System(Errno.NotBlockDevice, $"cannot make '{path}' blank");
            }

            long size = SystemCall.Check(FileSpaceCalls.End(device!), $"cannot find the end of device '{path}'");
            FileSpace.WriteZeros(device!, 0, Math.Min(BlankSize, size));
            FileSpace.WriteZeros(device!, Math.Max(0, size - BlankSize), size);
            SystemCall.Check(FileSystemCalls.SynchroniseData(device!), $"cannot sync data to device '{path}'");
        }
    }

    private static string ReadLabel(SafeFileHandle device, string path)
    {
        Span<byte> beginning = stackalloc byte[DiskLabel.Size];
        int read = SystemCall.Check(FileDataCalls.Read(device, beginning, 0), $"cannot read the beginning of volume '{path}'");
        return DiskLabel.Detect(beginning[..read]);
    }
}
