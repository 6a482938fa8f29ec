using Cistern.Server.Services.Node;
using Cistern.Support;

namespace Cistern.Server.Tests.Services.Node;

/// <summary>A host as its kernel shows it: two NUMA cells, each with one socket of two cores of two threads; CPU 7 is offline.</summary>
internal sealed class FakeHost : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public FakeHost()
    {
        Write("proc/cpuinfo", "processor\t: 0\ncpu MHz\t\t: 2400.123\n");
        Write("proc/stat", "cpu  10 1 20 1000 5 2 3 0 0 0\ncpu0 4 0 5 100 1 0 0\n");
        Write("proc/meminfo", "MemTotal: 4000 kB\nMemFree: 1000 kB\nBuffers: 10 kB\nCached: 20 kB\n");
        Write("sys/devices/system/cpu/present", "0-7\n");
        Write("sys/devices/system/cpu/online", "0-6\n");
        Directory.CreateDirectory(_root["sys/kernel/mm/hugepages/hugepages-2048kB"]);
        for (var cpu = 0; cpu < 8; cpu++)
        {
            var topology = $"sys/devices/system/cpu/cpu{cpu}/topology";
            Write($"{topology}/physical_package_id", $"{cpu / 4}\n");
            Write($"{topology}/core_id", $"{cpu % 4 / 2}\n");
            Write($"{topology}/thread_siblings_list", $"{cpu / 2 * 2}-{(cpu / 2 * 2) + 1}\n");
        }

        for (var node = 0; node < 2; node++)
        {
            var folder = $"sys/devices/system/node/node{node}";
            Write($"{folder}/cpulist", node == 0 ? "0-3\n" : "4-7\n");
            Write($"{folder}/meminfo", $"Node {node} MemTotal: {2000 + node} kB\nNode {node} MemFree: {800 + node} kB\n");
            Write($"{folder}/hugepages/hugepages-2048kB/nr_hugepages", "3\n");
            Write($"{folder}/hugepages/hugepages-2048kB/free_hugepages", "2\n");
        }
    }

    public KernelFiles Files => new(_root.Path);

    public void Dispose() => _root.Dispose();

    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root[path])!);
        File.WriteAllText(_root[path], text);
    }
}
