using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Support;

namespace Cistern.Storage.Tests.Backends.Blocks;

public sealed class StableLinksTests : IDisposable
{
    private readonly TemporaryFolder _dev = new();
    private readonly TestPool _pool;
    private readonly string _links;

    public StableLinksTests()
    {
        _links = Directory.CreateDirectory(_dev["disk/by-path"]).FullName;
        _pool = new TestPool { Kernel = new KernelRoots(Dev: _dev.Path) };
        _pool.Definition = _pool.Definition with { Target = new PoolTarget(_links) };
        _dev.Write("sda", []);
        _dev.Write("sdb", []);
    }

    public void Dispose()
    {
        _pool.Dispose();
        _dev.Dispose();
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("/", false)]
    [InlineData("/disk/by-id", true)]
    public void Only_folders_below_the_one_of_devices_hold_links(string below, bool hold) =>
        Assert.Equal(hold, StableLinks.AreIn(_pool.Kernel, _dev.Path + below));

    [Fact]
    public async Task The_first_link_by_name_is_a_devices_path()
    {
        Link("z", "../../sda");
        Link("b", "../../sda");
        Link("c", "../../sdb");
        Link("dangling", "../../sdz");

        var found = await StableLinks.FindAsync(_pool.Context, [_dev["sda"], _dev["sdb"]], TimeSpan.Zero, default);

        Assert.Equal(_links + "/b", found[_dev["sda"]]);
        Assert.Equal(_links + "/c", found[_dev["sdb"]]);
    }

    [Fact]
    public async Task A_device_without_a_link_has_no_path()
    {
        Link("a", "../../sda");

        var found = await StableLinks.FindAsync(_pool.Context, [_dev["sda"], _dev["sdb"]], TimeSpan.Zero, default);

        Assert.Equal([_dev["sda"]], found.Keys);
    }

    [Fact]
    public async Task A_link_that_comes_late_is_waited_for()
    {
        var looking = StableLinks.FindAsync(_pool.Context, [_dev["sda"]], TimeSpan.FromSeconds(10), default).AsTask();
        Link("late", "../../sda");

        Assert.Equal(_links + "/late", (await looking)[_dev["sda"]]);
    }

    [Fact]
    public async Task Devices_go_by_their_own_paths_in_the_folder_of_devices()
    {
        _pool.Definition = _pool.Definition with { Target = new PoolTarget(_dev.Path) };

        var found = await StableLinks.FindAsync(_pool.Context, [_dev["sda"]], TimeSpan.Zero, default);

        Assert.Equal(_dev["sda"], found[_dev["sda"]]);
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_an_error()
    {
        Directory.Delete(_links);

        var error = await Assert.ThrowsAsync<StorageException>(
            () => StableLinks.FindAsync(_pool.Context, [_dev["sda"]], TimeSpan.Zero, default).AsTask());

        Assert.Equal(StorageErrorCode.SystemError, error.Code);
        Assert.Contains(_links, error.Message, StringComparison.Ordinal);
    }

    private void Link(string name, string target) => File.CreateSymbolicLink(Path.Join(_links, name), target);
}
