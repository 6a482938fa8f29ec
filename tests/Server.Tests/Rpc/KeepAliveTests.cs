using Cistern.RemoteProtocol.KeepAlive;
using Cistern.Server.Rpc;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Rpc;

public sealed class KeepAliveTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly RpcOptions Options = new() { KeepAliveInterval = TimeSpan.FromSeconds(5), KeepAliveCount = 2 };

    [Fact]
    public async Task A_quiet_client_that_asked_for_it_is_pinged_and_closed_in_the_end()
    {
        await using var server = new TestServer(Options);
        var client = await server.ConnectAndOpenAsync();
        await client.AskAsync(TestProgram.KeepAliveOn);
        for (var ping = 0; ping < Options.KeepAliveCount; ping++)
        {
            Advance(server, ping == 0 ? 6 : 5);
            Assert.Equal(RawClient.KeepAliveHeader(KeepAliveProcedure.Ping), (await client.ReadAsync()).Header);
        }

        Advance(server, 5);
        await client.ServerClosesAsync();
        Assert.Contains(server.Log.Lines, line => line.Id == 2006);
    }

    [Fact]
    public async Task Any_packet_counts_as_a_sign_of_life()
    {
        await using var server = new TestServer(Options);
        var client = await server.ConnectAndOpenAsync();
        await client.AskAsync(TestProgram.KeepAliveOn);
        for (var round = 0; round < 10; round++)
        {
            Advance(server, 5);
            await client.NothingElseCameAsync();
        }
    }

    [Fact]
    public async Task A_client_that_did_not_ask_for_it_is_never_pinged()
    {
        await using var server = new TestServer(Options);
        var asked = await server.ConnectAndOpenAsync();
        await asked.AskAsync(TestProgram.KeepAliveOn);
        var client = await server.ConnectAndOpenAsync();
        Advance(server, 60);
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task An_interval_of_zero_disables_it()
    {
        await using var server = new TestServer(Options with { KeepAliveInterval = TimeSpan.Zero });
        var client = await server.ConnectAndOpenAsync();
        await client.AskAsync(TestProgram.KeepAliveOn);
        Advance(server, 60);
        await client.NothingElseCameAsync();
    }

    private static void Advance(TestServer server, int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            server.Time.Advance(Second);
        }
    }
}
