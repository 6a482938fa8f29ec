using System.Globalization;

namespace Cistern.Storage.Host;

/// <summary>A partition as the kernel has it.</summary>
/// <param name="Node">Path of its device node.</param>
/// <param name="Start">Bytes from the start of the disk; null where the kernel does not tell.</param>
/// <param name="Length">Bytes; 0 where the kernel does not tell.</param>
internal sealed record KernelPartition(string Node, int Number, ulong? Start, ulong Length);

/// <summary>The partitions of disks that the kernel has devices for (sysfs).</summary>
internal static class KernelPartitions
{
    /// <summary>In sysfs the unit is this for every disk.</summary>
    private const ulong Unit = 512;

    /// <summary>How the mappings of partitions are named to device-mapper: <c>partN-</c> and the disk's own name.</summary>
    private const string MappingPrefix = "part";

    /// <param name="disk">Status of the disk's device node.</param>
    public static IReadOnlyList<KernelPartition> Of(KernelRoots kernel, in FileStatus disk)
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"{kernel.Sys}/dev/block/{disk.DeviceNumber >> 32}:{(uint)disk.DeviceNumber}");
        return !Directory.Exists(folder) ? []
            : IsMapping(folder) ? [.. Directory.EnumerateFileSystemEntries($"{folder}/holders").Select(holder => Mapping(kernel, holder)).OfType<KernelPartition>()]
            : [.. Directory.EnumerateDirectories(folder).Select(entry => Partition(kernel, entry)).OfType<KernelPartition>()];
    }

    /// <summary>Whether a device is device-mapper's.</summary>
    public static bool IsMapping(KernelRoots kernel, in FileStatus device) =>
        IsMapping(string.Create(CultureInfo.InvariantCulture, $"{kernel.Sys}/dev/block/{device.DeviceNumber >> 32}:{(uint)device.DeviceNumber}"));

    private static bool IsMapping(string folder) => Directory.Exists($"{folder}/dm");

    private static KernelPartition? Partition(KernelRoots kernel, string folder) =>
        Number($"{folder}/partition") is { } number && Number($"{folder}/start") is { } start && Number($"{folder}/size") is { } size
            ? new KernelPartition($"{kernel.Dev}/{Path.GetFileName(folder).Replace('!', '/')}", (int)number, start * Unit, size * Unit)
            : null;

    private static KernelPartition? Mapping(KernelRoots kernel, string holder)
    {
        string uuid = KernelFiles.ReadText($"{holder}/dm/uuid") ?? "";
        int end = uuid.IndexOf('-', StringComparison.Ordinal);
        return end > MappingPrefix.Length && uuid.StartsWith(MappingPrefix, StringComparison.Ordinal)
            && int.TryParse(uuid.AsSpan(MappingPrefix.Length, end - MappingPrefix.Length), CultureInfo.InvariantCulture, out int number)
            && KernelFiles.ReadText($"{holder}/dm/name") is { } name
                ? new KernelPartition($"{kernel.Dev}/mapper/{name}", number, Start: null, Length: 0)
                : null;
    }

    private static ulong? Number(string file) => ulong.TryParse(KernelFiles.ReadText(file), CultureInfo.InvariantCulture, out ulong number) ? number : null;
}
