using Cistern.RemoteProtocol.Framing;
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
    public async Task Limits_that_are_changed_hold_at_once()
    {
        await using var server = new TestServer();
        var first = await server.ConnectAndOpenAsync();
        Assert.True(server.Rpc.TrySetLimits(max: 1, maxUnauthenticated: 0));
        Assert.Equal(new ClientLimits(1, 1, 0, 0), server.Rpc.Limits);
        var second = server.Connect();
        second.Ping();
        await first.NothingElseCameAsync();
        Assert.Single(server.Rpc.Clients);
        Assert.True(server.Rpc.TrySetLimits(max: 2, maxUnauthenticated: null));
        await second.ReadAsync();
        Assert.Equal(new ClientLimits(2, 2, 0, 0), server.Rpc.Limits);
        Assert.True(server.Rpc.TrySetLimits(max: 1, maxUnauthenticated: null));
        await second.OpenAsync();
    }

    [Fact]
    public async Task The_limit_of_strangers_can_be_changed_and_taken_away()
    {
        await using var server = new TestServer(new RpcOptions { MaxUnauthenticatedClients = 1 }, scheme: AuthScheme.Sasl);
        await server.Connect().AskAsync(TestProgram.Identify, 0);
        var second = server.Connect();
        second.Ping();
        Assert.True(server.Rpc.TrySetLimits(null, 2));
        await second.ReadAsync();
        var third = server.Connect();
        third.Ping();
        Assert.True(server.Rpc.TrySetLimits(null, 0));
        await third.ReadAsync();
        Assert.Equal(new ClientLimits(5000, 3, 0, 3), server.Rpc.Limits);
    }

    [Fact]
    public async Task More_strangers_than_clients_are_no_limits()
    {
        await using var server = new TestServer();
        Assert.False(server.Rpc.TrySetLimits(10, null));
        Assert.False(server.Rpc.TrySetLimits(null, 5001));
        Assert.Equal(new ClientLimits(5000, 0, 20, 0), server.Rpc.Limits);
        Assert.True(server.Rpc.TrySetLimits(10, 10));
    }

    [Fact]
    public async Task The_load_is_the_calls_that_run_and_the_clients_that_wait_for_their_own()
    {
        await using var server = new TestServer(new RpcOptions { MaxClientRequests = 1 });
        var (busy, other) = (await server.ConnectAndOpenAsync(), await server.ConnectAndOpenAsync());
        Assert.Equal(new CallLoad(0, 0), server.Rpc.Load);
        busy.Call(TestProgram.Parked, 1);
        busy.Call(TestProgram.Parked, 2);
        other.Call(TestProgram.Parked, 3);
        using var patience = new CancellationTokenSource(RawClient.Patience);
        while (server.Rpc.Load != new CallLoad(2, 1))
        {
            await Task.Delay(1, patience.Token);
        }

        server.Program.Release(1);
        await busy.ReadAsync();
        server.Program.Release(2);
        server.Program.Release(3);
        await busy.ReadAsync();
        await other.ReadAsync();
        while (server.Rpc.Load != new CallLoad(0, 0))
        {
            await Task.Delay(1, patience.Token);
        }
    }

    [Fact]
    public async Task How_many_clients_there_are_is_told_as_they_come_and_go()
    {
        await using var server = new TestServer();
        var told = new System.Collections.Concurrent.BlockingCollection<int>();
        server.Rpc.ClientsChanged += told.Add;
        var first = await server.ConnectAndOpenAsync();
        var second = await server.ConnectAndOpenAsync();
        first.Dispose();
        second.Dispose();
        Assert.Equal([1, 2, 1, 0], told.GetConsumingEnumerable().Take(4));
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
    public async Task Calls_that_come_with_one_read_are_not_all_answered_before_their_client_reads()
    {
        const int Calls = 500;
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        var call = RawClient.Bytes(RawClient.Header(TestProgram.Long, MessageType.Call, 1), []);
        client.SendRaw([.. Enumerable.Repeat(call, Calls).SelectMany(bytes => bytes)]);
        await client.ReadAsync();
        Assert.InRange(server.Program.LongReplies, 1, Calls / 2);
        for (var read = 1; read < Calls; read++)
        {
            Assert.Equal(TestProgram.LongReply, (await client.ReadAsync()).Payload.Length);
        }

        await client.NothingElseCameAsync();
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
