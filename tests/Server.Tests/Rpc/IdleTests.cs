using System.Collections.Concurrent;
using System.Net.Sockets;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Rpc;

public sealed class IdleTests
{
    [Fact]
    public async Task Each_client_that_comes_or_goes_is_counted()
    {
        await using var server = new TestServer();
        var counts = new BlockingCollection<int>();
        server.Rpc.ClientsChanged += counts.Add;
        var first = server.Connect();
        Assert.Equal(1, counts.Take());
        var second = server.Connect();
        Assert.Equal(2, counts.Take());
        first.Dispose();
        Assert.Equal(1, counts.Take());
        second.Dispose();
        Assert.Equal(0, counts.Take());
    }

    [Fact]
    public async Task A_server_with_a_client_is_not_closed_and_one_without_lets_nobody_in()
    {
        await using var server = new TestServer();
        using (var client = await server.ConnectAndOpenAsync())
        {
            Assert.False(server.Rpc.TryCloseWhenIdle());
            using var other = await server.ConnectAndOpenAsync();
        }

        Assert.True(SpinWait.SpinUntil(server.Rpc.TryCloseWhenIdle, TimeSpan.FromSeconds(30)));
        Assert.ThrowsAny<SocketException>(server.Connect);
        await server.Rpc.StopAsync(CancellationToken.None);
    }
}
