using Cistern.Storage.Backends.Scsi;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Tests.Backends.Scsi;

public sealed class ScsiHostsTests : IDisposable
{
    private static readonly ScsiHostAdapter Five = new("host5", null);

    private readonly FcTree _tree = new();

    public ScsiHostsTests()
    {
        _tree.AddHost(5, "10000000c9831b4b");
        _tree.AddPort(5, 7, "5001a4ae1c5d2b3b", "5001a4ae1c5d2b3a");
    }

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("host5", 5u)]
    [InlineData("scsi_host12", 12u)]
    [InlineData("fc_host0", 0u)]
    [InlineData("host", null)]
    [InlineData("host-5", null)]
    [InlineData("host 5", null)]
    [InlineData("host5a", null)]
    [InlineData("myhost5", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Hosts_have_three_names(string? name, uint? number) => Assert.Equal(number, ScsiHosts.Number(name));

    [Fact]
    public void Hosts_are_found_by_the_address_of_their_device_and_a_unique_id()
    {
        Assert.Equal(5u, Find(new PciParent(0, 0, 5, 0, 5)));
        Assert.Equal(7u, Find(new PciParent(0, 0, 5, 0, 7)));
        StorageException error = Assert.Throws<StorageException>(() => Find(new PciParent(0, 0, 5, 0, 6)));
        Assert.Equal((StorageErrorCode.XmlError, StorageErrorDomain.None), (error.Code, error.Domain));
        Assert.Throws<StorageException>(() => Find(new PciParent(0, 0, 5, 1, 5)));
        Assert.Contains("0000:00:05.0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_of_anything_else_is_refused()
    {
        StorageException error = Assert.Throws<StorageException>(() => ScsiHosts.Find(_tree.Kernel, new ScsiHostAdapter("sda", null)));
        Assert.Equal((StorageErrorCode.InternalError, StorageErrorDomain.None), (error.Code, error.Domain));
    }

    [Fact]
    public void A_host_is_told_to_look_at_all_its_ports_targets_and_units()
    {
        ScsiHosts.Rescan(_tree.Kernel, 5);
        Assert.Equal("- - -", _tree.Scanned(5));
        Assert.Equal(StorageErrorCode.SystemError, Assert.Throws<StorageException>(() => ScsiHosts.Rescan(_tree.Kernel, 9)).Code);
    }

    [Fact]
    public void Adapters_are_one_by_the_host_that_they_are()
    {
        Assert.True(Same(Five, new ScsiHostAdapter(null, new PciParent(0, 0, 5, 0, 5))));
        Assert.False(Same(Five, new ScsiHostAdapter(null, new PciParent(0, 0, 5, 0, 7))));
        Assert.False(Same(Five, new ScsiHostAdapter(null, new PciParent(0, 0, 9, 0, 5))));
        FcHostAdapter port = new(null, null, null, null, null, "5001a4ae1c5d2b3a", "5001a4ae1c5d2b3b");
        Assert.True(Same(new ScsiHostAdapter("scsi_host7", null), port));
        Assert.True(Same(Five, port));
        Assert.True(Same(new ScsiHostAdapter(null, new PciParent(0, 0, 5, 0, 5)), port));
        Assert.False(Same(Five, port with { Wwnn = "5001a4ae1c5d2b3c" }));
        Assert.False(Same(Five, port with { Parent = "host6" }));
        Assert.False(Same(new ScsiHostAdapter("nonsense", null), new ScsiHostAdapter("nonsense", null)));
    }

    private uint Find(PciParent parent) => ScsiHosts.Find(_tree.Kernel, new ScsiHostAdapter(null, parent));

    private bool Same(SourceAdapter one, SourceAdapter other)
    {
        bool same = ScsiAdapters.AreSame(_tree.Kernel, one, other);
        Assert.Equal(same, ScsiAdapters.AreSame(_tree.Kernel, other, one));
        return same;
    }
}
