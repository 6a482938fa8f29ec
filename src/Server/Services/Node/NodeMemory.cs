using System.Globalization;

namespace Cistern.Server.Services.Node;

/// <summary>Memory of a cell or the host in KiB.</summary>
public readonly record struct MemorySize(ulong TotalKib, ulong FreeKib);

/// <summary>The host's memory as the kernel shows it.</summary>
public sealed class NodeMemory(KernelFiles files)
{
    private const string HostWide = "/proc/meminfo";

    /// <summary>The names that virNodeGetMemoryStats gives the kernel's fields; a cell has the first two.</summary>
    private static readonly (string Kernel, string Name)[] Fields = [("MemTotal", "total"), ("MemFree", "free"), ("Buffers", "buffers"), ("Cached", "cached")];

    public IReadOnlyList<int> Cells => files.Numbered("/sys/devices/system/node", "node");

    /// <summary>The sum of the cells, as libvirt counts; without NUMA the kernel's totals.</summary>
    public MemorySize Host =>
        Cells is { Count: > 0 } cells
            ? cells.Select(OfCell).Aggregate((a, b) => new(a.TotalKib + b.TotalKib, a.FreeKib + b.FreeKib))
            : Read(HostWide);

    public MemorySize OfCell(int cell) => files.Exists(PathOf(cell)) ? Read(PathOf(cell)) : Read(HostWide);

    /// <summary>Named amounts in KiB of one cell, or of the host when <paramref name="cell"/> is -1.</summary>
    public IReadOnlyList<(string Name, ulong Kib)> Statistics(int cell)
    {
        var values = Values(cell < 0 ? HostWide : PathOf(cell));
        return [.. Fields.Where(field => values.ContainsKey(field.Kernel)).Take(cell < 0 ? 4 : 2).Select(field => (field.Name, values[field.Kernel]))];
    }

    /// <summary>Sizes in KiB of the pages that the kernel offers, ascending.</summary>
    public IReadOnlyList<uint> PageSizes() =>
        [(uint)(Environment.SystemPageSize / 1024), .. files.Numbered("/sys/kernel/mm/hugepages", "hugepages-", "kB").Select(size => (uint)size)];

    /// <summary>Pages of one size in a cell, or in the host when <paramref name="cell"/> is -1; null when that size does not exist there.</summary>
    public (ulong Total, ulong Free)? Pages(int cell, uint sizeKib)
    {
        if (sizeKib == Environment.SystemPageSize / 1024)
        {
            var memory = cell < 0 ? Host : OfCell(cell);
            return (memory.TotalKib / sizeKib, memory.FreeKib / sizeKib);
        }

        var folder = cell < 0 ? $"/sys/kernel/mm/hugepages/hugepages-{sizeKib}kB" : $"/sys/devices/system/node/node{cell}/hugepages/hugepages-{sizeKib}kB";
        return files.Exists(folder) ? ((ulong)files.Number($"{folder}/nr_hugepages", 0), (ulong)files.Number($"{folder}/free_hugepages", 0)) : null;
    }

    private MemorySize Read(string path)
    {
        var values = Values(path);
        return new(values.GetValueOrDefault("MemTotal"), values.GetValueOrDefault("MemFree"));
    }

    private static string PathOf(int cell) => $"/sys/devices/system/node/node{cell}/meminfo";

    // "MemTotal:  4810968 kB", behind "Node 0 " in a cell's file.
    private Dictionary<string, ulong> Values(string path)
    {
        var values = new Dictionary<string, ulong>();
        foreach (var line in files.Lines(path))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var name = Array.FindIndex(words, word => word.EndsWith(':'));
            if (name >= 0 && name + 1 < words.Length && ulong.TryParse(words[name + 1], CultureInfo.InvariantCulture, out var value))
            {
                values.TryAdd(words[name][..^1], value);
            }
        }

        return values;
    }
}
