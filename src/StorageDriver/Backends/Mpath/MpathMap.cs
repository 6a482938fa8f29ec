using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Mpath;

/// <summary>A multipath device: one disk, however many paths lead to it.</summary>
/// <param name="Device">The kernel's name, for example <c>dm-0</c>.</param>
/// <param name="Name">The name in <c>/dev/mapper</c>.</param>
internal sealed record MpathMap(string Device, string Name)
{
    /// <summary>What multipath-tools begins the uuids of its maps with, by which udev's rules know them too.</summary>
    private const string UuidPrefix = "mpath-";

    /// <summary>The maps that the kernel knows (sysfs, <c>block/dm-N/dm</c>), by minor number.</summary>
    public static IReadOnlyList<MpathMap> Find(KernelRoots kernel)
    {
        string folder = $"{kernel.Sys}/block";
        List<MpathMap> found = [];
        foreach (string device in KernelFiles.Names(folder).Where(name => name.StartsWith("dm-", StringComparison.Ordinal)))
        {
            if (KernelFiles.ReadText($"{folder}/{device}/dm/uuid")?.StartsWith(UuidPrefix, StringComparison.Ordinal) == true
                && KernelFiles.ReadText($"{folder}/{device}/dm/name") is { Length: > 0 } name)
            {
                found.Add(new MpathMap(device, name));
            }
        }

        return [.. found.OrderBy(map => map.Device.Length).ThenBy(map => map.Device, StringComparer.Ordinal)];
    }
}
