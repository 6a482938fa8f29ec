using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth;
using Cistern.Server.Auth.DBus;
using Cistern.Server.Auth.Polkit;
using Cistern.Server.Tests.Support;
using Cistern.Server.Transport;

namespace Cistern.Server.Tests.Auth.Polkit;

/// <summary>The client is this process, whoever runs it.</summary>
public sealed class PolkitAuthenticatorTests : IAsyncDisposable
{
    private readonly FakeAuthority _authority = new();
    private readonly TestServer _server;

    public PolkitAuthenticatorTests() => _server = Serve(isReadOnly: false);

    [Fact]
    public async Task The_process_is_named_by_number_start_and_user_and_may_be_asked()
    {
        var client = _server.Connect();
        client.Call((int)RemoteProcedure.AuthPolkit);
        Assert.Equal(1u, (await client.ReadAsync()).Word);
        Assert.True(Assert.Single(_server.Rpc.Clients).IsAuthenticated);
        var (process, start) = (Environment.ProcessId, PeerProcess.StartTime(Environment.ProcessId));
        Assert.NotNull(start);
        Assert.Equal($"{process}@{start} of {Assert.Single(_server.Rpc.Clients).Identity.UserId}: org.libvirt.unix.manage interactive", Assert.Single(_authority.Asked));
    }

    [Fact]
    public async Task A_reader_needs_less()
    {
        await using var server = Serve(isReadOnly: true);
        var client = server.Connect();
        client.Call((int)RemoteProcedure.AuthPolkit);
        Assert.Equal(1u, (await client.ReadAsync()).Word);
        Assert.Contains("org.libvirt.unix.monitor", Assert.Single(_authority.Asked), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PolkitDecision.Denied, 45)]
    [InlineData(PolkitDecision.NeedsAuthentication, 94)]
    [InlineData(PolkitDecision.Dismissed, 79)]
    public async Task Anything_but_consent_is_an_error_of_polkits(PolkitDecision decision, int code)
    {
        _authority.Decision = decision;
        await ShouldFailAsync(code, 60);
    }

    [Fact]
    public async Task A_bus_that_does_not_answer_is_an_error_of_the_buss()
    {
        _authority.Failure = new BusException(BusException.NoReply, "nobody there");
        await ShouldFailAsync(89, 47);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private TestServer Serve(bool isReadOnly)
    {
        var polkit = new PolkitAuthenticator(_authority, new LogLines());
        return new(scheme: AuthScheme.Polkit, isReadOnly: isReadOnly, program: AuthProgram.With(new AuthService(sasl: null, polkit)));
    }

    private async Task ShouldFailAsync(int code, int domain)
    {
        var client = _server.Connect();
        client.Call((int)RemoteProcedure.AuthPolkit);
        (await client.ReadAsync()).ShouldFailWith(code, domain);
        Assert.False(Assert.Single(_server.Rpc.Clients).IsAuthenticated);
    }
}
