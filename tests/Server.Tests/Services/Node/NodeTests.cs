using System.Xml.Linq;
using Cistern.Server.Services.Node;
using Cistern.Support;

namespace Cistern.Server.Tests.Services.Node;

public sealed class NodeTests : IDisposable
{
    private readonly FakeHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Sockets_cores_and_threads_are_counted_per_cell_socket_and_core()
    {
        var topology = NodeTopology.Read(_host.Files);
        Assert.Equal((2, 1, 2, 2), topology.Shape);
        Assert.Equal((7, 8, 2400), (topology.Online.Count, topology.Present.Count, topology.Megahertz));
        Assert.Equal([4, 5, 6], topology.Cells[1].Cpus.Select(cpu => cpu.Id));
    }

    [Fact]
    public void A_kernel_that_shows_nothing_is_one_flat_cell_of_the_processors_there_are()
    {
        using var empty = new TemporaryFolder();
        var topology = NodeTopology.Read(new KernelFiles(empty.Path));
        Assert.Equal((1, 1, Environment.ProcessorCount, 1), topology.Shape);
    }

    [Fact]
    public void Memory_is_the_sum_of_the_cells()
    {
        var memory = new NodeMemory(_host.Files);
        Assert.Equal(new MemorySize(4001, 1601), memory.Host);
        Assert.Equal(new MemorySize(2001, 801), memory.OfCell(1));
    }

    [Fact]
    public void Memory_statistics_have_two_fields_for_a_cell_and_four_for_the_host()
    {
        var memory = new NodeMemory(_host.Files);
        Assert.Equal([("total", 2000UL), ("free", 800UL)], memory.Statistics(0));
        Assert.Equal([("total", 4000UL), ("free", 1000UL), ("buffers", 10UL), ("cached", 20UL)], memory.Statistics(-1));
    }

    [Fact]
    public void Huge_pages_are_counted_by_cell_and_an_unknown_size_is_none()
    {
        var memory = new NodeMemory(_host.Files);
        Assert.Equal((3UL, 2UL), memory.Pages(0, 2048));
        Assert.Null(memory.Pages(0, 5));
        Assert.Contains(2048u, memory.PageSizes());
    }

    [Fact]
    public void Processor_times_are_nanoseconds_with_interrupts_in_the_kernels_share()
    {
        Assert.Equal(
            [("kernel", 250_000_000UL), ("user", 110_000_000UL), ("idle", 10_000_000_000UL), ("iowait", 50_000_000UL)],
            CpuTimes.Read(_host.Files, -1));
        Assert.Equal(("user", 40_000_000UL), CpuTimes.Read(_host.Files, 0)![1]);
        Assert.Null(CpuTimes.Read(_host.Files, 9));
    }

    [Theory]
    [InlineData("QEMU emulator version 7.2.18 (Debian 1:7.2+dfsg-7)\nCopyright", 7_002_018)]
    [InlineData("QEMU emulator version 10.1.0", 10_001_000)]
    [InlineData("QEMU emulator version 8.0", 8_000_000)]
    public void The_emulators_version_is_one_number(string output, ulong version) => Assert.Equal(version, InstalledEmulator.ParseVersion(output));

    [Fact]
    public void Output_without_a_version_is_no_version() => Assert.Null(InstalledEmulator.ParseVersion("not an emulator"));

    [Fact]
    public void Capabilities_describe_host_and_guest()
    {
        var text = CapabilitiesXml.FormatHost(
            HostDescription.Read(_host.Files), new NodeMemory(_host.Files), new Emulator("/usr/bin/qemu", 7_002_000));
        var root = XDocument.Parse(text).Root!;
        Assert.Equal("capabilities", root.Name.LocalName);
        Assert.Equal(["2", "1"], new[] { root.Descendants("cells").Single(), root.Descendants("topology").First() }
            .Select(element => element.Attribute("num")?.Value ?? element.Attribute("sockets")!.Value));
        Assert.Equal(7, root.Descendants("cpus").Elements("cpu").Count());
        Assert.Equal("/usr/bin/qemu", root.Element("guest")!.Element("arch")!.Element("emulator")!.Value);
        Assert.Null(root.Element("pool"));
    }

    [Fact]
    public void The_hosts_uuid_is_what_the_configuration_says_before_all_else()
    {
        var set = Guid.Parse("c7a5fdbd-edaf-9455-926a-d65c16db1809");
        Assert.Equal(set, HostDescription.Read(_host.Files, new HostIdentity(set, IsMachineId: true)).Uuid);
        _host.Write("sys/class/dmi/id/product_uuid", "11111111-2222-3333-4444-555555555555");
        _host.Write("etc/machine-id", "0123456789abcdef0123456789abcdef");
        Assert.Equal(Guid.Parse("11111111-2222-3333-4444-555555555555"), HostDescription.Read(_host.Files).Uuid);
        Assert.Equal(Guid.ParseExact("0123456789abcdef0123456789abcdef", "N"), HostDescription.Read(_host.Files, new HostIdentity(IsMachineId: true)).Uuid);
    }

    [Fact]
    public void A_storage_connections_capabilities_are_the_pools_only()
    {
        var root = XDocument.Parse(CapabilitiesXml.FormatStorage(["dir"])).Root!;
        Assert.Equal(["pool"], root.Elements().Select(element => element.Name.LocalName));
        Assert.Equal("type", root.Descendants("enum").Single().Attribute("name")!.Value);
    }
}
