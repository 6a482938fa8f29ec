using Cistern.Storage.Backends.IscsiDirect;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Tests.Backends.IscsiDirect;

public sealed class IscsiDirectBackendTests : IDisposable
{
    private static readonly SourceHost Host = new("127.0.0.1", 1);

    private readonly IscsiDirectBackend _backend = new();
    private readonly TestPool _pool = new();

    public void Dispose() => _pool.Dispose();

    [Theory]
    [InlineData("host", 0, "host:3260")]
    [InlineData("10.0.0.1", 860, "10.0.0.1:860")]
    [InlineData("fe80::1", 0, "[fe80::1]:3260")]
    [InlineData("[fe80::1]", 5, "[fe80::1]:5")]
    public void Portals_are_hosts_with_a_port(string host, int port, string portal) => Assert.Equal(portal, IscsiNames.Portal(new SourceHost(host, port)));

    [Theory]
    [InlineData("unit:0:0:0", 0)]
    [InlineData("unit:0:0:16383", 16383)]
    [InlineData("unit:0:0:", -1)]
    [InlineData("unit:0:0:01", -1)]
    [InlineData("unit:0:0:-1", -1)]
    [InlineData("unit:0:0:99999999999", -1)]
    [InlineData("unit:0:1:1", -1)]
    [InlineData("", -1)]
    public void Units_are_named_by_their_number(string name, int unit) => Assert.Equal(unit, IscsiNames.Find(name));

    [Fact]
    public void Paths_name_portal_target_and_unit() => Assert.Equal("ip-h:1-iscsi-iqn.x:t-lun-7", IscsiNames.Path("h:1", "iqn.x:t", 7));

    [Fact]
    public async Task A_pool_has_one_host_and_a_target()
    {
        await FailsAsync(StorageErrorCode.ConfigUnsupported, Source() with { Hosts = [Host, Host] });
        await FailsAsync(StorageErrorCode.ConfigUnsupported, Source() with { Hosts = [] });
        await FailsAsync(StorageErrorCode.ConfigUnsupported, Source() with { Devices = [] });
    }

    [Fact]
    public async Task Only_chap_is_known()
    {
        SourceAuth auth = new("ceph", "joe", new SecretReference(null, "usage"));
        await FailsAsync(StorageErrorCode.XmlError, Source() with { Auth = auth });
    }

    [Fact]
    public async Task Sources_are_looked_for_on_one_host_as_an_initiator()
    {
        await FindFailsAsync(StorageErrorCode.InvalidArgument, null);
        await FindFailsAsync(StorageErrorCode.ConfigUnsupported, new PoolSource { InitiatorIqn = "iqn.x:i" });
        await FindFailsAsync(StorageErrorCode.ConfigUnsupported, new PoolSource { Hosts = [Host] });
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(8u)]
    public async Task Patterns_cannot_be_written(uint algorithm)
    {
        VolumeDefinition unit = new() { Name = "unit:0:0:1" };
        StorageException error = await Assert.ThrowsAsync<StorageException>(
            () => _backend.WipeAsync(_pool.Context, unit, algorithm, new(), CancellationToken.None).AsTask());
        Assert.Equal(StorageErrorCode.InvalidArgument, error.Code);
    }

    [Fact]
    public void A_login_does_not_show_its_password() =>
        Assert.DoesNotContain("s3cret", new IscsiLogin("h:1", "iqn.x:i", "iqn.x:t", "joe", "s3cret"u8.ToArray()).ToString(), StringComparison.Ordinal);

    private static PoolSource Source() => new() { Hosts = [Host], InitiatorIqn = "iqn.x:i", Devices = [new SourceDevice("iqn.x:t")] };

    private async Task FailsAsync(StorageErrorCode code, PoolSource source)
    {
        _pool.Definition = _pool.Definition with { Type = PoolType.IscsiDirect, Source = source };
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
