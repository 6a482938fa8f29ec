using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Rpc;

public sealed class DownloadTests
{
    private const int Download = TestProgram.Download;

    [Fact]
    public async Task Data_come_as_packets_then_an_empty_one_and_the_finish_is_confirmed()
    {
        await using var server = new TestServer();
        var (client, serial) = await OpenAsync(server, new FakeSource().Data(1, 2, 3).Data(4).End());
        Assert.Equal([1, 2, 3], await DataAsync(client, serial));
        Assert.Equal([4], await DataAsync(client, serial));
        Assert.Empty(await DataAsync(client, serial));
        client.Stream(Download, serial, MessageStatus.Ok);
        await ShouldFinishAsync(client, serial);
        client.Stream(Download, serial, MessageStatus.Ok);
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task A_hole_is_a_packet_with_its_length()
    {
        await using var server = new TestServer();
        var (client, serial) = await OpenAsync(server, new FakeSource().Hole(1048576).Data(1).Hole(long.MaxValue).End());
        foreach (var expected in new[] { 1048576, 0, long.MaxValue })
        {
            var packet = await client.ReadAsync();
            if (expected == 0)
            {
                Assert.Equal(MessageType.Stream, packet.Header.Type);
                continue;
            }

            Assert.Equal(RawClient.Header(Download, MessageType.StreamHole, serial, MessageStatus.Continue), packet.Header);
            var reader = new XdrReader(packet.Payload);
            Assert.Equal(new StreamHole(expected, 0), StreamHole.Read(ref reader));
        }

        Assert.Empty(await DataAsync(client, serial));
    }

    [Fact]
    public async Task A_failed_read_is_an_error_on_the_stream()
    {
        await using var server = new TestServer();
        var source = new FakeSource().Data(1).Fail();
        var (client, serial) = await OpenAsync(server, source);
        Assert.Equal([1], await DataAsync(client, serial));
        var failure = await client.ReadAsync();
        Assert.Equal(RawClient.Header(Download, MessageType.Stream, serial, MessageStatus.Error), failure.Header);
        Assert.Equal(ExpectedException.Code, failure.Error.Code);
        await source.Disposed.Task.WaitAsync(RawClient.Patience);
        client.Stream(Download, serial, MessageStatus.Ok);
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task An_abort_is_confirmed_while_the_source_is_being_read()
    {
        await using var server = new TestServer();
        var source = new FakeSource();
        var (client, serial) = await OpenAsync(server, source);
        client.Stream(Download, serial, MessageStatus.Error);
        await ShouldFinishAsync(client, serial);
        await source.Disposed.Task.WaitAsync(RawClient.Patience);
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task A_finish_before_the_end_is_confirmed()
    {
        await using var server = new TestServer();
        var (client, serial) = await OpenAsync(server, new FakeSource());
        client.Stream(Download, serial, MessageStatus.Ok);
        await ShouldFinishAsync(client, serial);
    }

    [Fact]
    public async Task A_stream_that_the_server_ends_answers_78()
    {
        await using var server = new TestServer();
        var source = new FakeSource();
        var (client, serial) = await OpenAsync(server, source);
        source.Abort();
        var failure = await client.ReadAsync();
        Assert.Equal((MessageType.Stream, 78), (failure.Header.Type, failure.Error.Code));
        Assert.Equal(serial, failure.Header.Serial);
        await source.Disposed.Task.WaitAsync(RawClient.Patience);
    }

    [Fact]
    public async Task Data_or_a_status_that_no_stream_packet_has_end_the_stream_with_an_error()
    {
        await using var server = new TestServer();
        foreach (var status in new[] { MessageStatus.Continue, (MessageStatus)9 })
        {
            var (client, serial) = await OpenAsync(server, new FakeSource());
            client.Stream(Download, serial, status, [1]);
            Assert.Equal((39, 7), ((await client.ReadAsync()).Error.Code, 7));
        }
    }

    [Fact]
    public async Task Streams_of_one_connection_run_beside_each_other_and_beside_calls()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        var sources = new[] { new FakeSource(), new FakeSource() };
        var serials = new uint[sources.Length];
        for (var index = 0; index < sources.Length; index++)
        {
            server.Program.Source = () => sources[index];
            serials[index] = (await client.AskAsync(Download)).Header.Serial;
        }

        sources[1].Data(11);
        Assert.Equal([11], await DataAsync(client, serials[1]));
        await client.NothingElseCameAsync();
        sources[0].Data(10).End();
        Assert.Equal([10], await DataAsync(client, serials[0]));
        Assert.Empty(await DataAsync(client, serials[0]));
        sources[1].End();
        Assert.Empty(await DataAsync(client, serials[1]));
    }

    [Fact]
    public async Task Calls_go_on_while_a_download_waits_for_the_client_to_read()
    {
        await using var server = new TestServer();
        var source = new FakeSource();
        for (var packet = 0; packet < 100; packet++)
        {
            source.Data(new byte[262120]);
        }

        var (client, _) = await OpenAsync(server, source);
        var other = await server.ConnectAndOpenAsync();
        for (uint number = 1; number <= 5; number++)
        {
            client.Call(TestProgram.Parked, number);
            while (!server.Program.Started.ContainsKey(number))
            {
                await other.NothingElseCameAsync();
            }
        }
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_one_packet_and_its_going_away_releases_the_source()
    {
        await using var server = new TestServer();
        var source = new FakeSource();
        for (var packet = 0; packet < 100; packet++)
        {
            source.Data(new byte[262120]);
        }

        var (client, _) = await OpenAsync(server, source);
        client.Dispose();
        await source.Disposed.Task.WaitAsync(RawClient.Patience);
    }

    [Fact]
    public async Task A_second_stream_with_the_serial_of_an_open_one_is_refused()
    {
        await using var server = new TestServer();
        var (client, serial) = await OpenAsync(server, new FakeSource());
        var second = new FakeSource();
        server.Program.Source = () => second;
        client.Send(RawClient.Header(Download, MessageType.Call, serial));
        (await client.ReadAsync()).ShouldFailWith(39, 7);
        await second.Disposed.Task.WaitAsync(RawClient.Patience);
    }

    private static async Task<(RawClient Client, uint Serial)> OpenAsync(TestServer server, FakeSource source)
    {
        server.Program.Source = () => source;
        var client = await server.ConnectAndOpenAsync();
        var reply = await client.AskAsync(Download);
        Assert.Equal(MessageStatus.Ok, reply.Header.Status);
        return (client, reply.Header.Serial);
    }

    private static async Task<byte[]> DataAsync(RawClient client, uint serial)
    {
        var packet = await client.ReadAsync();
        Assert.Equal(RawClient.Header(Download, MessageType.Stream, serial, MessageStatus.Continue), packet.Header);
        return packet.Payload;
    }

    private static async Task ShouldFinishAsync(RawClient client, uint serial)
    {
        var packet = await client.ReadAsync();
        Assert.Equal(RawClient.Header(Download, MessageType.Stream, serial), packet.Header);
        Assert.Empty(packet.Payload);
    }
}
