using Cistern.Server.Auth;
using Cistern.Server.Rpc;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Rpc;

public sealed class LimitTests
{
    [Fact]
    public async Task A_client_over_the_limit_is_served_when_another_has_gone()
    {
        await using var server = new TestServer(new RpcOptions { MaxClients = 2 });
        var first = await server.ConnectAndOpenAsync();
        await server.ConnectAndOpenAsync();
        var third = server.Connect();
        third.Ping();
        await first.NothingElseCameAsync();
        Assert.Equal(2, server.Rpc.Clients.Count());
        first.Dispose();
        Assert.Equal(0u, (await third.ReadAsync()).Header.Serial);
        await third.OpenAsync();
    }

    [Fact]
    public async Task Unauthenticated_clients_have_a_limit_of_their_own()
    {
        await using var server = new TestServer(new RpcOptions { MaxUnauthenticatedClients = 1 }, scheme: AuthScheme.Sasl);
        var first = server.Connect();
        Assert.Equal(0u, (await first.AskAsync(TestProgram.Identify, 0)).Word);
        var second = server.Connect();
        second.Ping();
        Assert.Equal(0u, (await first.AskAsync(TestProgram.Identify, 0)).Word);
        Assert.Single(server.Rpc.Clients);
        Assert.Equal(1u, (await first.AskAsync(TestProgram.Identify, 1)).Word);
        Assert.Equal(0u, (await second.ReadAsync()).Header.Serial);
    }

    [Fact]
    public async Task Whoever_does_not_authenticate_in_time_is_closed_and_whoever_does_stays()
    {
        var limit = TimeSpan.FromSeconds(5);
        await using var server = new TestServer(new RpcOptions { AuthenticationTimeout = limit }, scheme: AuthScheme.Sasl);
        var stranger = server.Connect();
        await stranger.AskAsync(TestProgram.Identify, 0);
        var friend = server.Connect();
        await friend.AskAsync(TestProgram.Identify, 1);
        server.Time.Advance(limit);
        await stranger.ServerClosesAsync();
        await friend.OpenAsync();
        await friend.NothingElseCameAsync();
    }

    [Fact]
    public async Task A_client_may_open_so_many_streams_and_no_more()
    {
        await using var server = new TestServer(new RpcOptions { MaxClientStreams = 2 });
        server.Program.Source = () => new FakeSource();
        var client = await server.ConnectAndOpenAsync();
        await client.AskAsync(TestProgram.Download);
        await client.AskAsync(TestProgram.Download);
        (await client.AskAsync(TestProgram.Download)).ShouldFailWith(39, 7);
    }
}
