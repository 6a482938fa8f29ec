using Cistern.Storage.Backends.Gluster;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Tests.Transcripts;
using Cistern.Support;

namespace Cistern.Storage.Tests.Backends.Gluster;

public sealed class GlusterBackendTests : IDisposable
{
    private readonly GlusterBackend _backend = new();
    private readonly TemporaryFolder _tools = new();
    private readonly TestPool _pool;

    public GlusterBackendTests()
    {
        _pool = new TestPool { Tools = new HostTools([_tools.Path]) };
    }

    public void Dispose()
    {
        _pool.Dispose();
        _tools.Dispose();
    }

    [Theory]
    [InlineData("h", 0, "/", "a", "gluster://h/vol/a")]
    [InlineData("h", 24008, "/dir", "a", "gluster://h:24008/vol/dir/a")]
    [InlineData("fe80::1", 0, "/dir/", "a b%", "gluster://[fe80::1]/vol/dir/a%20b%25")]
    [InlineData("h", 0, "/", "ä#?;@&=+$,!~*'()-_.:", "gluster://h/vol/%C3%A4%23%3F;@&=+$,!~*'()-_.%3A")]
    public void Paths_are_uris(string host, int port, string folder, string name, string path)
    {
        GlusterPlace place = GlusterPlace.Of(new PoolSource { Hosts = [new SourceHost(host, port)], Name = "vol", Dir = folder });
        Assert.Equal(path, place.UriOf(name));
        Assert.Equal(name, place.NameOf(path));
    }

    [Fact]
    public void Only_volumes_of_the_pool_have_a_name()
    {
        GlusterPlace place = GlusterPlace.Of(new PoolSource { Hosts = [new SourceHost("h")], Name = "vol", Dir = "/dir" });
        Assert.Equal("/dir/a", place.PathOf("a"));
        Assert.Equal("a", place.NameOf("a"));
        Assert.Null(place.NameOf("/dir/a"));
        Assert.Null(place.NameOf("gluster://h/vol/a"));
        Assert.Null(place.NameOf("gluster://other/vol/dir/a"));
        Assert.Null(place.NameOf("gluster://h/vol/dir/"));
    }

    [Fact]
    public async Task Name_and_folder_are_as_libvirt_has_them()
    {
        PoolSource good = new() { Hosts = [new SourceHost("h")], Name = "vol", Dir = "/" };
        await FailsAsync(StorageErrorCode.XmlError, good with { Name = "a/b" });
        await FailsAsync(StorageErrorCode.XmlError, good with { Dir = "dir" });
        await FailsAsync(StorageErrorCode.ConfigUnsupported, good with { Hosts = [] });
    }

    [Fact]
    public async Task Sources_are_the_volumes_that_the_tool_tells_of()
    {
        InstallTool();
        _pool.Commands.Answer = _ => Transcript.Read("gluster/info");
        PoolSource where = new() { Hosts = [new SourceHost("h", 24008)] };
        var found = await _backend.FindSourcesAsync(_pool.Context.Host, where, CancellationToken.None);
        Assert.Equal(["gluster --xml --log-file=/dev/null volume info all --remote-host=h"], _pool.Commands.Lines);
        Assert.Equal([("h", 0, "vol0", "/"), ("h", 0, "vol1", "/")], found.Select(source => (source.Hosts[0].Name, source.Hosts[0].Port, source.Name!, source.Dir!)));
    }

    [Theory]
    [InlineData("gluster/info-empty")]
    [InlineData("gluster/info-badhost")]
    public async Task No_volumes_are_an_error(string transcript)
    {
        InstallTool();
        _pool.Commands.Answer = _ => Transcript.Read(transcript);
        await FindFailsAsync(StorageErrorCode.OperationFailed, new PoolSource { Hosts = [new SourceHost("h")] });
    }

    [Fact]
    public async Task Sources_are_looked_for_on_one_host()
    {
        await FindFailsAsync(StorageErrorCode.InvalidArgument, null);
        await FindFailsAsync(StorageErrorCode.ConfigUnsupported, new PoolSource());
        await FindFailsAsync(StorageErrorCode.InternalError, new PoolSource { Hosts = [new SourceHost("h")] });
        InstallTool();
        await FindFailsAsync(StorageErrorCode.InvalidArgument, new PoolSource { Hosts = [new SourceHost("--x")] });
        Assert.Empty(_pool.Commands.Commands);
    }

    private void InstallTool()
    {
        string tool = _tools.Write("gluster", []);
        File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    private async Task FailsAsync(StorageErrorCode code, PoolSource source)
    {
        _pool.Definition = _pool.Definition with { Type = PoolType.Gluster, Source = source };
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => _backend.StartAsync(_pool.Context, CancellationToken.None).AsTask());
        Assert.Equal((code, StorageErrorDomain.Storage), (error.Code, error.Domain));
    }

    private async Task FindFailsAsync(StorageErrorCode code, PoolSource? where)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(
            () => _backend.FindSourcesAsync(_pool.Context.Host, where, CancellationToken.None).AsTask());
        Assert.Equal((code, StorageErrorDomain.Storage), (error.Code, error.Domain));
    }
}
