using Cistern.RemoteProtocol.Programs;
using Cistern.Server.Auth;
using Cistern.Server.Auth.Access;
using Cistern.Server.Auth.DBus;
using Cistern.Server.Auth.Polkit;
using Cistern.Server.Tests.Support;
using Cistern.Storage;
using Cistern.Storage.Secrets;

namespace Cistern.Server.Tests.Auth.Polkit;

public sealed class PolkitAccessDriverTests
{
    private static readonly ClientIdentity Client = new(TransportKind.Unix, "sock", UserId: 1000, ProcessId: 7, ProcessStartTime: 99);
    private static readonly Guid Id = new("11111111-2222-3333-4444-555555555555");
    private static readonly PoolReference Pool = new("p", Id);

    private readonly FakeAuthority _authority = new();
    private readonly PolkitAccessDriver _driver;

    public PolkitAccessDriverTests() => _driver = new PolkitAccessDriver(_authority, new LogLines());

    public static TheoryData<AccessTarget, string> Targets => new()
    {
        { AccessTarget.Connection, "connect_driver=QEMU" },
        { AccessTarget.Pool(Pool), $"connect_driver=QEMU pool_name=p pool_uuid={Id}" },
        { AccessTarget.Volume(Pool, new("p", "v", "/k")), $"connect_driver=QEMU pool_name=p pool_uuid={Id} vol_name=v vol_key=/k" },
        { AccessTarget.Volume(Pool, new("p", "v", "")), $"connect_driver=QEMU pool_name=p pool_uuid={Id} vol_name=v" },
        { AccessTarget.Secret(new(Id, SecretUsageType.None, "")), $"connect_driver=QEMU secret_uuid={Id}" },
        { AccessTarget.Secret(new(Id, SecretUsageType.Volume, "/v")), $"connect_driver=QEMU secret_uuid={Id} secret_usage_volume=/v" },
        { AccessTarget.Secret(new(Id, SecretUsageType.Ceph, "c")), $"connect_driver=QEMU secret_uuid={Id} secret_usage_ceph=c" },
        { AccessTarget.Secret(new(Id, SecretUsageType.Iscsi, "t")), $"connect_driver=QEMU secret_uuid={Id} secret_usage_target=t" },
        { AccessTarget.Secret(new(Id, SecretUsageType.Tls, "n")), $"connect_driver=QEMU secret_uuid={Id} secret_usage_name=n" },
    };

    [Theory]
    [MemberData(nameof(Targets))]
    public async Task Objects_are_named_as_libvirt_names_them(AccessTarget target, string details)
    {
        Assert.True(await _driver.AllowsAsync(Client, "QEMU", new AccessRule("storage_pool", "search_storage_vols"), target, default));
        Assert.Equal($"7@99 of 1000: org.libvirt.api.storage-pool.search-storage-vols {details}", Assert.Single(_authority.Asked));
    }

    [Theory]
    [InlineData(PolkitDecision.Denied)]
    [InlineData(PolkitDecision.NeedsAuthentication)]
    [InlineData(PolkitDecision.Dismissed)]
    public async Task Only_consent_allows(PolkitDecision decision)
    {
        _authority.Decision = decision;
        Assert.False(await AllowsAsync(Client));
    }

    [Fact]
    public async Task An_authority_that_cannot_be_asked_allows_nothing()
    {
        _authority.Failure = new BusException(BusException.Disconnected, "gone");
        Assert.False(await AllowsAsync(Client));
    }

    public static TheoryData<ClientIdentity> Unidentified =>
    [
        new(TransportKind.Tcp, "127.0.0.1:1", UserId: 0),
        Client with { Transport = TransportKind.Tcp },
        Client with { UserId = null },
        Client with { ProcessId = null },
        Client with { ProcessStartTime = null },
    ];

    [Theory]
    [MemberData(nameof(Unidentified))]
    public async Task Who_cannot_be_identified_is_denied_unasked(ClientIdentity client)
    {
        Assert.False(_driver.IsUnrestricted(client));
        Assert.False(await AllowsAsync(client));
        Assert.Empty(_authority.Asked);
    }

    [Fact]
    public void Root_on_a_unix_socket_may_do_everything()
    {
        Assert.True(_driver.IsUnrestricted(Client with { UserId = 0 }));
        Assert.False(_driver.IsUnrestricted(Client));
    }

    private ValueTask<bool> AllowsAsync(ClientIdentity client) =>
        _driver.AllowsAsync(client, "QEMU", new AccessRule("storage_pool", "read"), AccessTarget.Pool(Pool), default);
}
