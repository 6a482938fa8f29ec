using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Server.Auth;
using Cistern.Server.Rpc;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Auth;

/// <summary>Each listener offers its own scheme, and refuses the exchanges of the others as libvirtd does.</summary>
public sealed class AuthServiceTests
{
    [Theory]
    [InlineData(AuthScheme.None, false, AuthType.None)]
    [InlineData(AuthScheme.Sasl, false, AuthType.Sasl)]
    [InlineData(AuthScheme.Polkit, false, AuthType.Polkit)]
    [InlineData(AuthScheme.Polkit, true, AuthType.None)]
    public async Task The_scheme_of_the_listener_is_offered_and_holds(AuthScheme scheme, bool passes, AuthType offered)
    {
        await using var server = Serve(scheme, new FakePolkit(passes));
        var client = server.Connect();
        Assert.Equal([offered], (await AskAsync<AuthListRet>(client, RemoteProcedure.AuthList)).Types);
        Assert.Equal(offered == AuthType.None, Assert.Single(server.Rpc.Clients).IsAuthenticated);
    }

    [Theory]
    [InlineData(AuthScheme.None)]
    [InlineData(AuthScheme.Polkit)]
    public async Task The_sasl_exchange_is_refused_as_a_failed_authentication_where_it_was_not_offered(AuthScheme scheme)
    {
        await using var server = Serve(scheme, new FakePolkit(passes: false));
        var client = server.Connect();
        await ShouldFailAsync(client, 45, RemoteProcedure.AuthSaslInit);
        await ShouldFailAsync(client, 45, RemoteProcedure.AuthSaslStart, RawClient.Encode(new AuthSaslStartArgs("PLAIN", 1, [])));
        await ShouldFailAsync(client, 45, RemoteProcedure.AuthSaslStep, RawClient.Encode(new AuthSaslStepArgs(1, [])));
    }

    [Theory]
    [InlineData(AuthScheme.None)]
    [InlineData(AuthScheme.Sasl)]
    public async Task The_polkit_exchange_is_an_internal_error_where_it_was_not_offered(AuthScheme scheme)
    {
        await using var server = Serve(scheme, polkit: null);
        await ShouldFailAsync(server.Connect(), 1, RemoteProcedure.AuthPolkit);
    }

    [Fact]
    public async Task Polkits_consent_authenticates()
    {
        await using var server = Serve(AuthScheme.Polkit, new FakePolkit(passes: false));
        var client = server.Connect();
        Assert.Equal(1, (await AskAsync<AuthPolkitRet>(client, RemoteProcedure.AuthPolkit)).Complete);
        Assert.True(Assert.Single(server.Rpc.Clients).IsAuthenticated);
    }

    private static TestServer Serve(AuthScheme scheme, IPolkitAuthenticator? polkit) =>
        new(scheme: scheme, program: AuthProgram.With(new AuthService(sasl: null, polkit)));

    private static async Task<T> AskAsync<T>(RawClient client, RemoteProcedure procedure)
        where T : IXdrCodec<T>
    {
        client.Call((int)procedure);
        var reply = await client.ReadAsync();
        Assert.Equal(MessageStatus.Ok, reply.Header.Status);
        return Decode<T>(reply.Payload);
    }

    private static T Decode<T>(byte[] payload)
        where T : IXdrCodec<T>
    {
        var reader = new XdrReader(payload);
        return T.Read(ref reader);
    }

    private static async Task ShouldFailAsync(RawClient client, int code, RemoteProcedure procedure, byte[]? arguments = null)
    {
        client.Call((int)procedure, arguments);
        (await client.ReadAsync()).ShouldFailWith(code, 7);
    }

    private sealed class FakePolkit(bool passes) : IPolkitAuthenticator
    {
        public bool Passes(ClientConnection client) => passes;

        public ValueTask AuthorizeAsync(ClientConnection client, CancellationToken cancellation) => default;
    }
}
