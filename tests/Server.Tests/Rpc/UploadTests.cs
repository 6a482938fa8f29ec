using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.KeepAlive;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Rpc;

public sealed class UploadTests
{
    private const int Upload = TestProgram.Upload;

    [Fact]
    public async Task Data_arrive_in_order_and_the_finish_is_confirmed_when_everything_is_written()
    {
        await using var server = new TestServer();
        var sink = new FakeSink();
        var (client, serial) = await OpenAsync(server, sink);
        client.Stream(Upload, serial, MessageStatus.Continue, [1, 2]);
        client.Stream(Upload, serial, MessageStatus.Continue);
        client.Stream(Upload, serial, MessageStatus.Continue, [3]);
        client.Stream(Upload, serial, MessageStatus.Ok);
        await ShouldFinishAsync(client, serial);
        Assert.Equal(["0102", "03", "finish"], sink.Log);
        await sink.Disposed.Task.WaitAsync(RawClient.Patience);
    }

    [Fact]
    public async Task Packets_of_every_size_arrive_whole()
    {
        await using var server = new TestServer();
        var sink = new FakeSink();
        var (client, serial) = await OpenAsync(server, sink);
        var sent = new List<byte>();
        foreach (var size in new[] { 1, 262120, 1 << 20, 3, 262120, 262120, 65536 })
        {
            var data = new byte[size];
            Random.Shared.NextBytes(data);
            sent.AddRange(data);
            client.Stream(Upload, serial, MessageStatus.Continue, data);
        }

        client.Stream(Upload, serial, MessageStatus.Ok);
        await ShouldFinishAsync(client, serial);
        Assert.Equal(Convert.ToHexString(sent.ToArray()), string.Concat(sink.Log.SkipLast(1)));
    }

    [Fact]
    public async Task A_slow_sink_stops_neither_pings_nor_the_replies_of_running_calls()
    {
        await using var server = new TestServer();
        var gate = new TaskCompletionSource();
        var sink = new FakeSink { Gate = gate.Task };
        var (client, serial) = await OpenAsync(server, sink);
        client.Call(TestProgram.Parked, 1);
        client.Stream(Upload, serial, MessageStatus.Continue, [1]);
        await sink.WriteStarted.Task.WaitAsync(RawClient.Patience);
        client.Stream(Upload, serial, MessageStatus.Continue, [2]);
        client.Ping();
        Assert.Equal(RawClient.KeepAliveHeader(KeepAliveProcedure.Pong), (await client.ReadAsync()).Header);
        server.Program.Release(1);
        Assert.Equal(1u, (await client.ReadAsync()).Word);
        Assert.Empty(sink.Log);
        gate.SetResult();
        client.Stream(Upload, serial, MessageStatus.Ok);
        await ShouldFinishAsync(client, serial);
        Assert.Equal(["01", "02", "finish"], sink.Log);
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task A_failed_write_is_an_error_on_the_stream_and_what_follows_is_dropped()
    {
        await using var server = new TestServer();
        var sink = new FakeSink { FailsWrites = true };
        var (client, serial) = await OpenAsync(server, sink);
        client.Stream(Upload, serial, MessageStatus.Continue, [1]);
        client.Stream(Upload, serial, MessageStatus.Continue, [2]);
        client.Stream(Upload, serial, MessageStatus.Ok);
        await ShouldFailAsync(client, serial, ExpectedException.Code);
        await client.NothingElseCameAsync();
        await sink.Disposed.Task.WaitAsync(RawClient.Patience);
        Assert.Empty(sink.Log);
    }

    [Fact]
    public async Task A_failed_finish_is_an_error_on_the_stream()
    {
        await using var server = new TestServer();
        var (client, serial) = await OpenAsync(server, new FakeSink { FailsFinish = true });
        client.Stream(Upload, serial, MessageStatus.Ok);
        await ShouldFailAsync(client, serial, ExpectedException.Code);
    }

    [Fact]
    public async Task An_abort_is_confirmed_and_nothing_is_finished()
    {
        await using var server = new TestServer();
        var sink = new FakeSink();
        var (client, serial) = await OpenAsync(server, sink);
        client.Stream(Upload, serial, MessageStatus.Continue, [1]);
        client.Stream(Upload, serial, MessageStatus.Error);
        await ShouldFinishAsync(client, serial);
        await sink.Disposed.Task.WaitAsync(RawClient.Patience);
        Assert.Equal(["01"], sink.Log);
    }

    [Fact]
    public async Task A_stream_that_the_server_ends_answers_78()
    {
        await using var server = new TestServer();
        var sink = new FakeSink();
        var (client, serial) = await OpenAsync(server, sink);
        sink.Abort();
        await ShouldFailAsync(client, serial, 78);
        client.Stream(Upload, serial, MessageStatus.Continue, [1]);
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task Holes_reach_a_sparse_sink()
    {
        await using var server = new TestServer();
        var sink = new FakeSink(sparse: true);
        var (client, serial) = await OpenAsync(server, sink);
        client.Hole(Upload, serial, 1000000);
        client.Stream(Upload, serial, MessageStatus.Continue, [5]);
        client.Hole(Upload, serial, 7);
        client.Stream(Upload, serial, MessageStatus.Ok);
        await ShouldFinishAsync(client, serial);
        Assert.Equal(["hole 1000000", "05", "hole 7", "finish"], sink.Log);
    }

    [Fact]
    public async Task A_hole_of_negative_length_is_an_error_on_the_stream()
    {
        await using var server = new TestServer();
        var (client, serial) = await OpenAsync(server, new FakeSink(sparse: true));
        client.Hole(Upload, serial, -1);
        await ShouldFailAsync(client, serial, 8);
    }

    [Fact]
    public async Task A_hole_on_a_stream_without_holes_closes_the_connection()
    {
        await using var server = new TestServer();
        var sink = new FakeSink();
        var (client, serial) = await OpenAsync(server, sink);
        client.Hole(Upload, serial, 10);
        await client.ServerClosesAsync();
        await sink.Disposed.Task.WaitAsync(RawClient.Patience);
        Assert.Empty(sink.Log);
    }

    [Fact]
    public async Task A_client_that_dies_in_the_middle_aborts_its_upload_even_while_the_disk_hangs()
    {
        await using var server = new TestServer();
        var sink = new FakeSink { Gate = new TaskCompletionSource().Task };
        var (client, serial) = await OpenAsync(server, sink);
        client.Stream(Upload, serial, MessageStatus.Continue, new byte[1000]);
        await sink.WriteStarted.Task.WaitAsync(RawClient.Patience);
        client.Dispose();
        await sink.Disposed.Task.WaitAsync(RawClient.Patience);
        var other = await server.ConnectAndOpenAsync();
        await other.NothingElseCameAsync();
    }

    private static async Task<(RawClient Client, uint Serial)> OpenAsync(TestServer server, FakeSink sink)
    {
        server.Program.Sink = () => sink;
        var client = await server.ConnectAndOpenAsync();
        var reply = await client.AskAsync(Upload);
        Assert.Equal(MessageStatus.Ok, reply.Header.Status);
        return (client, reply.Header.Serial);
    }

    private static async Task ShouldFinishAsync(RawClient client, uint serial)
    {
        var packet = await client.ReadAsync();
        Assert.Equal(RawClient.Header(Upload, MessageType.Stream, serial), packet.Header);
        Assert.Empty(packet.Payload);
    }

    private static async Task ShouldFailAsync(RawClient client, uint serial, int code)
    {
        var packet = await client.ReadAsync();
        Assert.Equal(RawClient.Header(Upload, MessageType.Stream, serial, MessageStatus.Error), packet.Header);
        Assert.Equal(code, packet.Error.Code);
    }
}
