using System.Net;
using System.Net.Sockets;
using Cistern.Server.Auth;

namespace Cistern.Server.Tests.Auth;

public sealed class SocketOwnersTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("127.0.0.1", "::ffff:127.0.0.1")]
    [InlineData("::ffff:127.0.0.1", "127.0.0.1")]
    public void The_owner_of_a_connected_socket_is_found(string listens, string connects)
    {
        using var owners = new SocketOwners();
        using var listener = Listen(listens);
        using var client = Connect(connects, listener);
        using var accepted = listener.Accept();
        var owner = owners.Find((IPEndPoint)accepted.RemoteEndPoint!, (IPEndPoint)accepted.LocalEndPoint!);
        Assert.NotNull(owner);
        Assert.Equal(OwnUser, owner.Value.UserId);
        Assert.NotEqual(0u, owner.Value.Inode);
    }

    [Fact]
    public void A_socket_that_its_process_has_closed_is_nobodys()
    {
        using var owners = new SocketOwners();
        using var listener = Listen("127.0.0.1");
        var client = Connect("127.0.0.1", listener);
        var local = (IPEndPoint)client.LocalEndPoint!;
        client.Send("hello"u8);
        client.Dispose();
        using var accepted = listener.Accept();
        Assert.True(owners.Find(local, (IPEndPoint)accepted.LocalEndPoint!) is null or { Inode: 0 });
    }

    [Fact]
    public void A_socket_that_does_not_exist_is_not_found_even_if_one_listens_on_its_port()
    {
        using var owners = new SocketOwners();
        using var listener = Listen("127.0.0.1");
        var at = (IPEndPoint)listener.LocalEndPoint!;
        Assert.Null(owners.Find(at, new IPEndPoint(IPAddress.Loopback, 1)));
        Assert.Null(owners.Find(new IPEndPoint(IPAddress.Loopback, 1), at));
    }

    private static uint OwnUser => uint.Parse(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[2]);

    private static Socket Listen(string address)
    {
        var ip = IPAddress.Parse(address);
        var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (ip.IsIPv4MappedToIPv6)
        {
            socket.DualMode = true;
        }

        socket.Bind(new IPEndPoint(ip, 0));
        socket.Listen();
        return socket;
    }

    private static Socket Connect(string address, Socket listener)
    {
        var ip = IPAddress.Parse(address);
        var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (ip.IsIPv4MappedToIPv6)
        {
            socket.DualMode = true;
        }

        socket.Connect(new IPEndPoint(ip, ((IPEndPoint)listener.LocalEndPoint!).Port));
        return socket;
    }
}
