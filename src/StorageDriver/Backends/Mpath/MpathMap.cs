using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Mpath;

/// <summary>A multipath device: one disk, however many paths lead to it.</summary>
/// <param name="Device">The kernel's name, for example <c>dm-0</c>.</param>
/// <param name="Name">The name in <c>/dev/mapper</c>.</param>
/// <param name="Paths">How many there are; 0: not known.</param>
/// <param name="Failed">How many of them have failed.</param>
internal sealed record MpathMap(string Device, string Name, int Paths, int Failed)
{
    private const string TargetType = "multipath";

    /// <summary>What multipath-tools begins the uuids of its maps with; asked where device-mapper itself does not answer.</summary>
    private const string UuidPrefix = "mpath-";

    /// <summary>The maps that the kernel knows (sysfs, <c>block/dm-N/dm</c>), by minor number.</summary>
    public static IReadOnlyList<MpathMap> Find(KernelRoots kernel)
    {
        string folder = $"{kernel.Sys}/block";
        List<MpathMap> found = [];
        foreach (string device in KernelFiles.Names(folder).Where(name => name.StartsWith("dm-", StringComparison.Ordinal)))
        {
            if (KernelFiles.ReadText($"{folder}/{device}/dm/name") is not { Length: > 0 } name)
            {
                continue;
            }

            DeviceMapperTarget? target = DeviceMapperCalls.FirstTarget(kernel, name);
            if (target is null
                ? KernelFiles.ReadText($"{folder}/{device}/dm/uuid")?.StartsWith(UuidPrefix, StringComparison.Ordinal) == true
                : target.Type == TargetType)
            {
                (int paths, int failed) = MpathStatus.Read(target?.Status ?? "");
                found.Add(new MpathMap(device, name, paths, failed));
            }
        }

        return [.. found.OrderBy(map => map.Device.Length).ThenBy(map => map.Device, StringComparer.Ordinal)];
    }
}
