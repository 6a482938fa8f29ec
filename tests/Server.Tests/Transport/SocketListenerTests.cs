using System.Net.Sockets;
using Cistern.Server.Tests.Support;
using Cistern.Server.Transport;
using Cistern.Support;

namespace Cistern.Server.Tests.Transport;

public sealed class SocketListenerTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryFolder _folder = new();
    private readonly SocketPoller _poller = new();
    private readonly LogLines _log = new();

    [Fact]
    public async Task A_socket_file_that_a_dead_server_left_is_replaced_and_gets_the_mode()
    {
        var path = _folder["sock"];
        using (var abandoned = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // The socket removes the file under the name that it gave it.
            abandoned.Bind(new UnixDomainSocketEndPoint(_folder["other"]));
            File.Move(_folder["other"], path);
        }

        Assert.True(File.Exists(path));
        await using var listener = SocketListener.BindUnix(_poller, path, OwnerOnly, isReadOnly: false, _log);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(path));
        await using var accepted = await listener.AcceptAsync();
        Assert.Equal(Environment.ProcessId, accepted!.Peer.ProcessId);
        Assert.Equal(PeerProcess.ReadStartTime(Environment.ProcessId), accepted.Peer.ProcessStartTime);
    }

    [Fact]
    public async Task The_socket_of_a_living_server_is_not_taken_over()
    {
        await using var first = SocketListener.BindUnix(_poller, _folder["sock"], OwnerOnly, isReadOnly: false, _log);
        Assert.Throws<SocketException>(() => SocketListener.BindUnix(_poller, _folder["sock"], OwnerOnly, isReadOnly: false, _log));
        Assert.True(File.Exists(_folder["sock"]));
    }

    [Fact]
    public async Task Closing_ends_a_waiting_accept_and_removes_the_file()
    {
        await using var listener = SocketListener.BindUnix(_poller, _folder["sock"], OwnerOnly, isReadOnly: true, _log);
        var accept = listener.AcceptAsync();
        listener.Close();
        Assert.Null(await accept);
        Assert.False(File.Exists(_folder["sock"]));
    }

    [Theory]
    [InlineData(100, false)]
    [InlineData(50_000, true)]
    public async Task A_connection_is_streaming_when_more_comes_than_calls_take(int size, bool isStreaming)
    {
        await using var listener = SocketListener.BindUnix(_poller, _folder["sock"], OwnerOnly, isReadOnly: false, _log);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(_folder["sock"]));
        Assert.Equal(size, client.Send(new byte[size]));
        await using var accepted = await listener.AcceptAsync();
        var read = await accepted!.Input.ReadAtLeastAsync(size);
        Assert.Equal((size, isStreaming), (read.Buffer.Length, ((IPolledSocket)accepted).IsStreaming));
    }

    [Fact]
    public async Task What_a_peer_sends_before_it_closes_is_read_to_the_end()
    {
        await using var listener = SocketListener.BindUnix(_poller, _folder["sock"], OwnerOnly, isReadOnly: false, _log);
        var sent = new byte[300_000];
        Random.Shared.NextBytes(sent);
        var sending = Task.Run(() =>
        {
            using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            client.Connect(new UnixDomainSocketEndPoint(_folder["sock"]));
            for (var rest = sent.AsSpan(); !rest.IsEmpty;)
            {
                rest = rest[client.Send(rest)..];
            }
        });
        await using var connection = await listener.AcceptAsync();
        var input = connection!.Input;
        var received = new List<byte>();
        while (true)
        {
            var result = await input.ReadAsync();
            foreach (var part in result.Buffer)
            {
                received.AddRange(part.Span);
            }

            input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                break;
            }
        }

        await sending;
        Assert.Equal(sent, received);
    }

    public void Dispose()
    {
        _poller.Dispose();
        _folder.Dispose();
    }
}
