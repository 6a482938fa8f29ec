using System.Globalization;

namespace Cistern.Server.Services.Node;

/// <summary>One online CPU. <paramref name="Siblings"/> is the kernel's list of the threads of its core.</summary>
public sealed record NodeCpu(int Id, int Socket, int Die, int Core, string Siblings, int ThreadsOfCore);

/// <summary>One NUMA cell and its online CPUs. <paramref name="Cpus"/> may be empty (memory only).</summary>
public sealed record NodeCell(int Id, IReadOnlyList<NodeCpu> Cpus);

/// <summary>The host's CPUs and NUMA cells as the kernel shows them, counted as virNodeGetInfo counts.</summary>
public sealed record NodeTopology
{
    private const string CpuFolder = "/sys/devices/system/cpu";

    public required IReadOnlyList<NodeCell> Cells { get; init; }

    /// <summary>CPUs that could run; the online ones are those in <see cref="Cells"/>.</summary>
    public required IReadOnlyList<int> Present { get; init; }

    public required IReadOnlyList<int> Online { get; init; }

    public required int Megahertz { get; init; }

    /// <summary>
    /// Most sockets of one cell, cores of one socket, threads of one core; one socket of flat cores where their product is not the number
    /// of CPUs.
    /// </summary>
    public required (int Nodes, int Sockets, int Cores, int Threads) Shape { get; init; }

    public static NodeTopology Read(KernelFiles files)
    {
        var present = files.List($"{CpuFolder}/present");
        var online = files.List($"{CpuFolder}/online");
        present = present.Count > 0 ? present : [.. Enumerable.Range(0, Environment.ProcessorCount)];
        online = online.Count > 0 ? online : present;
        var cells = ReadCells(files, online);
        return new() { Cells = cells, Present = present, Online = online, Megahertz = ReadMegahertz(files), Shape = ShapeOf(cells, present.Count) };
    }

    private static List<NodeCell> ReadCells(KernelFiles files, IReadOnlyList<int> online)
    {
        var cells = files.Numbered("/sys/devices/system/node", "node")
            .Select(node => new NodeCell(node, ReadCpus(files, files.List($"/sys/devices/system/node/node{node}/cpulist").Where(online.Contains))))
            .ToList();
        // A kernel without NUMA shows no cells: everything is cell 0.
        return cells.Any(cell => cell.Cpus.Count > 0) ? cells : [new NodeCell(0, ReadCpus(files, online))];
    }

    private static List<NodeCpu> ReadCpus(KernelFiles files, IEnumerable<int> cpus) => [.. cpus.Select(cpu =>
    {
        var topology = $"{CpuFolder}/cpu{cpu}/topology";
        return new NodeCpu(
            cpu,
            Math.Max(0, files.Number($"{topology}/physical_package_id", 0)),
            Math.Max(0, files.Number($"{topology}/die_id", 0)),
            Math.Max(0, files.Number($"{topology}/core_id", cpu)),
            files.Line($"{topology}/thread_siblings_list") ?? cpu.ToString(CultureInfo.InvariantCulture),
            Math.Max(1, files.List($"{topology}/thread_siblings_list").Count));
    })];

    private static (int Nodes, int Sockets, int Cores, int Threads) ShapeOf(List<NodeCell> cells, int present)
    {
        var sockets = cells.Max(cell => cell.Cpus.Select(cpu => cpu.Socket).Distinct().Count());
        var cores = cells.SelectMany(cell => cell.Cpus.GroupBy(cpu => cpu.Socket)).Max(socket => socket.Select(cpu => cpu.Core).Distinct().Count());
        var threads = cells.SelectMany(cell => cell.Cpus).Max(cpu => cpu.ThreadsOfCore);
        return cells.Count * sockets * cores * threads == present ? (cells.Count, sockets, cores, threads) : (1, 1, present, 1);
    }

    private static int ReadMegahertz(KernelFiles files)
    {
        var line = files.Lines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("cpu MHz", StringComparison.Ordinal));
        return double.TryParse(line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..], CultureInfo.InvariantCulture, out var value) ? (int)value : 0;
    }
}
