using System.Globalization;

namespace Cistern.Storage.Host;

/// <summary>The mounts that the server sees (<c>/proc/self/mountinfo</c>, proc(5)).</summary>
internal static class MountTable
{
    private const int Id = 0;
    private const int Device = 2;
    private const int MountPoint = 4;

    /// <summary>The device by which the kernel knows a mount's file system, <c>major:minor</c> in decimal; null when there is no such mount.</summary>
    public static string? FindDevice(KernelRoots kernel, ulong mountId)
    {
        string id = mountId.ToString(CultureInfo.InvariantCulture);
        return Find(kernel, fields => fields[Id] == id)?[Device];
    }

    /// <summary>Where a file system on a block device is mounted, as the kernel writes it; null when it is not.</summary>
    /// <param name="device"><c>major:minor</c> in decimal.</param>
    public static string? FindMountPoint(KernelRoots kernel, string device) => Find(kernel, fields => fields[Device] == device)?[MountPoint];

    private static string[]? Find(KernelRoots kernel, Func<string[], bool> matches)
    {
        string mounts = $"{kernel.Proc}/self/mountinfo";
        foreach (string line in File.Exists(mounts) ? File.ReadLines(mounts) : [])
        {
            string[] fields = line.Split(' ');
            if (fields.Length > MountPoint && matches(fields))
            {
                return fields;
            }
        }

        return null;
    }
}
