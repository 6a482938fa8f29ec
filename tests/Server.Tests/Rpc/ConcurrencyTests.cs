using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.KeepAlive;
using Cistern.Server.Rpc;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Rpc;

public sealed class ConcurrencyTests
{
    [Fact]
    public async Task A_quick_call_overtakes_a_slow_one()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        var slow = client.Call(TestProgram.Parked, 1);
        await client.NothingElseCameAsync();
        server.Program.Release(1);
        Assert.Equal(slow, (await client.ReadAsync()).Header.Serial);
    }

    [Fact]
    public async Task Calls_beyond_the_limit_start_when_one_has_been_answered()
    {
        await using var server = new TestServer(new RpcOptions { MaxClientRequests = 5 });
        var client = await server.ConnectAndOpenAsync();
        for (uint number = 1; number <= 6; number++)
        {
            client.Call(TestProgram.Parked, number);
        }

        // The ping stands behind the sixth call; once it is answered, everything before it has been seen.
        client.Ping();
        Assert.Equal(MessageType.Message, (await client.ReadAsync()).Header.Type);
        Assert.Equal<uint>([1, 2, 3, 4, 5], server.Program.Started.Keys.Order().ToArray());

        server.Program.Release(3);
        Assert.Equal(3u, (await client.ReadAsync()).Word);
        server.Program.Release(6);
        Assert.Equal(6u, (await client.ReadAsync()).Word);
    }

    [Fact]
    public async Task Pings_behind_a_call_that_waits_for_a_slot_are_answered_once_each()
    {
        await using var server = new TestServer(new RpcOptions { MaxClientRequests = 1 });
        var client = await server.ConnectAndOpenAsync();
        client.Call(TestProgram.Parked, 1);
        client.Call(TestProgram.Echo, 2);
        for (var ping = 0; ping < 3; ping++)
        {
            client.Ping();
            Assert.Equal(RawClient.KeepAliveHeader(KeepAliveProcedure.Pong), (await client.ReadAsync()).Header);
        }

        server.Program.Release(1);
        Assert.Equal(1u, (await client.ReadAsync()).Word);
        Assert.Equal(2u, (await client.ReadAsync()).Word);
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task Quick_calls_never_wait_for_a_slot_while_one_is_free()
    {
        await using var server = new TestServer(new RpcOptions { MaxClientRequests = 2 });
        var client = await server.ConnectAndOpenAsync();
        client.Call(TestProgram.Parked, 1);
        for (uint number = 0; number < 20; number++)
        {
            Assert.Equal(number, (await client.AskAsync(TestProgram.Echo, number)).Word);
        }

        server.Program.Release(1);
        Assert.Equal(1u, (await client.ReadAsync()).Word);
    }

    [Fact]
    public async Task A_client_that_does_not_read_does_not_stop_the_others()
    {
        await using var server = new TestServer();
        var deaf = await server.ConnectAndOpenAsync();
        var sending = Task.Run(() =>
        {
            try
            {
                var call = RawClient.Bytes(RawClient.Header(TestProgram.Echo, MessageType.Call, 1), new byte[4]);
                for (var count = 0; count < 1_000_000; count++)
                {
                    deaf.SendRaw(call);
                }

                return false;
            }
            catch (Exception)
            {
                return true;
            }
        });
        var other = await server.ConnectAndOpenAsync();
        for (uint number = 0; number < 100; number++)
        {
            Assert.Equal(number, (await other.AskAsync(TestProgram.Echo, number)).Word);
        }

        deaf.Dispose();
        Assert.True(await sending, "the server took all calls of a client that reads no reply");
    }

    [Fact]
    public async Task Many_clients_are_served_at_once()
    {
        await using var server = new TestServer();
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Task.Run(async () =>
        {
            using var client = RawClient.Connect(server.Path);
            await client.OpenAsync();
            for (uint number = 0; number < 200; number++)
            {
                Assert.Equal(number, (await client.AskAsync(TestProgram.Echo, number)).Word);
            }
        })));
    }

    [Fact]
    public async Task Stopping_answers_the_calls_that_run_and_then_closes()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        client.Call(TestProgram.Parked, 1);
        await client.NothingElseCameAsync();
        var stopped = server.Rpc.StopAsync(CancellationToken.None);
        Assert.False(stopped.IsCompleted);
        server.Program.Release(1);
        Assert.Equal(1u, (await client.ReadAsync()).Word);
        await client.ServerClosesAsync();
        await stopped;
        Assert.False(File.Exists(server.Path));
    }

    [Fact]
    public async Task A_stop_that_is_cancelled_does_not_wait_for_the_calls()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        client.Call(TestProgram.Parked, 1);
        await client.NothingElseCameAsync();
        await server.Rpc.StopAsync(new CancellationToken(canceled: true));
        await client.ServerClosesAsync();
        server.Program.Release(1);
    }
}
