using System.Net;
using System.Net.Sockets;
using Cistern.Server.Hosting;
using Cistern.Server.Hosting.Systemd;

namespace Cistern.Server.Tests.Hosting.Systemd;

public sealed class ActivationSocketTests
{
    private static readonly NetworkOptions Network = new() { TcpPort = 26509, TlsPort = 26514 };

    [Theory]
    [InlineData("cisternd.socket", "/any", SocketPurpose.Unix)]
    [InlineData("libvirtd-ro.socket", "/any-sock", SocketPurpose.UnixReadOnly)]
    [InlineData("virtstoraged-admin.socket", "/any", SocketPurpose.Admin)]
    [InlineData("cisternd-tcp", "127.0.0.1:1", SocketPurpose.Tcp)]
    [InlineData("cisternd-tls.socket", "[::1]:16509", SocketPurpose.Tls)]
    [InlineData("", "/run/libvirt/libvirt-sock", SocketPurpose.Unix)]
    [InlineData("unknown", "/run/libvirt/virtstoraged-sock-ro", SocketPurpose.UnixReadOnly)]
    [InlineData("mine.socket", "/run/libvirt/libvirt-admin-sock", SocketPurpose.Admin)]
    [InlineData("", "/s/storage-ro", SocketPurpose.UnixReadOnly)]
    [InlineData("", "/s/storage-admin", SocketPurpose.Admin)]
    [InlineData("", "0.0.0.0:16509", SocketPurpose.Tcp)]
    [InlineData("", "[::]:16514", SocketPurpose.Tls)]
    [InlineData("", "127.0.0.1:26509", SocketPurpose.Tcp)]
    [InlineData("", "127.0.0.1:26514", SocketPurpose.Tls)]
    public void A_socket_is_known_by_its_name_else_by_where_it_listens(string name, string address, SocketPurpose purpose) =>
        Assert.Equal(purpose, ActivationSocket.PurposeOf(name, EndPointOf(address), Network));

    [Theory]
    [InlineData("unknown", "/run/other")]
    [InlineData("", "127.0.0.1:80")]
    [InlineData("cisternd-tcp.socket", "/run/libvirt/libvirt-sock")]
    [InlineData("cisternd.socket", "127.0.0.1:16509")]
    public void A_socket_that_could_be_anything_is_named(string name, string address)
    {
        var refused = Assert.Throws<ArgumentException>(() => ActivationSocket.PurposeOf(name, EndPointOf(address), Network));
        Assert.Contains($"'{name}' at {address}", refused.Message, StringComparison.Ordinal);
    }

    private static EndPoint EndPointOf(string text) => text[0] == '/' ? new UnixDomainSocketEndPoint(text) : IPEndPoint.Parse(text);
}
