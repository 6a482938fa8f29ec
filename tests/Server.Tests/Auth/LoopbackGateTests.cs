using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Cistern.Server.Auth;
using Cistern.Server.Rpc;
using Cistern.Server.Tests.Support;
using Cistern.Server.Transport;

namespace Cistern.Server.Tests.Auth;

/// <summary>Without authentication TCP serves the server's own user and root, and nobody else.</summary>
public sealed class LoopbackGateTests : IAsyncDisposable
{
    private const uint Nobody = 65534;

    private readonly SocketPoller _poller = new();
    private readonly SocketOwners _owners = new();
    private readonly LogLines _log = new();
    private readonly RpcServer _server;

    public LoopbackGateTests() =>
        _server = new RpcServer([new TestProgram().Build()], new ExpectedException.Mapper(), new RpcOptions(), _log, TimeProvider.System);

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task The_servers_own_user_is_served(string address)
    {
        using var client = RawClient.Connect(Listen(address, OwnUser));
        await client.OpenAsync();
        await client.NothingElseCameAsync();
        var identity = Assert.Single(_server.Clients).Identity;
        Assert.Equal((TransportKind.Tcp, OwnUser), (identity.Transport, identity.UserId));
    }

    [Fact]
    public async Task A_descriptor_cannot_come_over_tcp()
    {
        using var client = RawClient.Connect(Listen("127.0.0.1", OwnUser));
        await client.OpenAsync();
        client.Send(RawClient.Header(TestProgram.Echo, RemoteProtocol.Framing.MessageType.CallWithFds, 1), [0, 0, 0, 1, 0, 0, 0, 0]);
        await client.ServerClosesAsync();
    }

    [Fact]
    public async Task A_client_that_sends_and_closes_at_once_is_refused_when_its_socket_is_nobodys_any_more()
    {
        var endPoint = Listen("127.0.0.1", OwnUser, out var listener);
        for (var attempt = 0; attempt < 20; attempt++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(endPoint);
            socket.Send(RawClient.Bytes(RawClient.KeepAliveHeader(RemoteProtocol.KeepAlive.KeepAliveProcedure.Ping), []));
        }

        // All of them are closed before the first is accepted.
        _server.Start(listener);
        using var client = RawClient.Connect(endPoint);
        await client.OpenAsync();
        Assert.Equal(20, _log.Lines.Count(line => line.Id == 3001));
        Assert.Equal(1, _log.Lines.Count(line => line.Id == 2001));
    }

    [RootFact]
    public async Task Another_user_is_refused_before_a_byte_is_read()
    {
        var endPoint = Listen("127.0.0.1", OwnUser);
        Assert.Equal("", await ConnectAsAsync(Nobody, endPoint));
        Assert.Contains(_log.Lines, line => line.Id == 3000);
        Assert.DoesNotContain(_log.Lines, line => line.Id == 2001);
        Assert.Equal("pong", await ConnectAsAsync(OwnUser, endPoint));
    }

    [RootFact]
    public async Task Root_and_the_servers_user_are_served_by_a_server_that_is_not_roots()
    {
        var endPoint = Listen("127.0.0.1", Nobody);
        Assert.Equal("pong", await ConnectAsAsync(Nobody, endPoint));
        Assert.Equal("pong", await ConnectAsAsync(0, endPoint));
        Assert.Equal("", await ConnectAsAsync(Nobody - 1, endPoint));
    }

    [Fact]
    public void An_address_that_others_can_reach_is_not_served_without_authentication()
    {
        var gate = new LoopbackGate(_owners, OwnUser, _log);
        Assert.Throws<ArgumentException>(() => SocketListener.BindLoopback(_poller, new IPEndPoint(IPAddress.Any, 0), gate, _log));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _poller.Dispose();
        _owners.Dispose();
    }

    private static uint OwnUser => uint.Parse(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[2],
        CultureInfo.InvariantCulture);

    private IPEndPoint Listen(string address, uint ownUser)
    {
        var endPoint = Listen(address, ownUser, out var listener);
        _server.Start(listener);
        return endPoint;
    }

    private IPEndPoint Listen(string address, uint ownUser, out SocketListener listener)
    {
        listener = SocketListener.BindLoopback(
            _poller, new IPEndPoint(IPAddress.Parse(address), 0), new LoopbackGate(_owners, ownUser, _log), _log);
        return listener.TcpEndPoint!;
    }

    /// <summary>Pings the server as a user.</summary>
    /// <returns><c>pong</c>, or nothing when the server closed the connection.</returns>
    private static async Task<string> ConnectAsAsync(uint user, IPEndPoint endPoint)
    {
        const string Script = """
            import socket, sys
            s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
            try:
                s.sendall(bytes.fromhex(sys.argv[3]))
                answer = s.recv(28)
            except (ConnectionResetError, BrokenPipeError):
                answer = b""
            print("pong" if answer[12:16] == bytes([0, 0, 0, 2]) else answer.hex(), end="")
            """;
        var ping = RawClient.Bytes(RawClient.KeepAliveHeader(RemoteProtocol.KeepAlive.KeepAliveProcedure.Ping), []);
        var start = new ProcessStartInfo("setpriv", [
            $"--reuid={user}", $"--regid={user}", "--clear-groups", "/usr/bin/python3", "-c", Script,
            endPoint.Address.ToString(), endPoint.Port.ToString(CultureInfo.InvariantCulture), Convert.ToHexString(ping),
        ])
        { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
