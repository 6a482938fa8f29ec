using Cistern.RemoteProtocol.Framing;
using Cistern.Server.Auth;
using Cistern.Server.Tests.Support;
using Cistern.Server.Transport;

namespace Cistern.Server.Tests.Rpc;

/// <summary>Before authentication one message is looked at at a time, so that what follows the last one in the clear can be protected.</summary>
public sealed class AuthenticationTests
{
    private const uint WithLayer = 2;

    [Fact]
    public async Task Messages_sent_ahead_are_answered_in_their_order()
    {
        await using var server = new TestServer(scheme: AuthScheme.Sasl);
        var client = server.Connect();
        client.SendRaw([.. Call(TestProgram.Identify, 0, 0), .. Call(TestProgram.Open, 1), .. Call(TestProgram.Identify, 2, 1), .. Call(TestProgram.Open, 3)]);
        Assert.Equal((0u, MessageStatus.Ok), Told(await client.ReadAsync()));
        Assert.Equal((1u, MessageStatus.Error), Told(await client.ReadAsync()));
        Assert.Equal((2u, MessageStatus.Ok), Told(await client.ReadAsync()));
        Assert.Equal((3u, MessageStatus.Ok), Told(await client.ReadAsync()));
    }

    [Fact]
    public async Task The_last_answer_is_in_the_clear_and_every_byte_after_it_is_wrapped()
    {
        using TestLayer layer = new(), own = new();
        await using (var server = Serve(layer))
        {
            server.Program.Release(WithLayer);
            var client = server.Connect();
            Assert.Equal(WithLayer, (await client.AskAsync(TestProgram.Identify, WithLayer)).Word);
            Assert.Equal("somebody", Assert.Single(server.Rpc.Clients).Identity.SaslUserName);

            // A piece holds part of a message, or of two.
            var calls = new[] { Call(TestProgram.Open, 1), Call(TestProgram.Echo, 2, 4711) }.SelectMany(call => call).ToArray();
            foreach (var piece in calls.Chunk(7))
            {
                client.SendRaw(own.Wrap(piece));
            }

            byte[] replies = [.. RawClient.Bytes(Reply(TestProgram.Open, 1), []), .. RawClient.Bytes(Reply(TestProgram.Echo, 2), RawClient.Encode(new Word(4711)))];
            Assert.Equal(replies, await ReadWrappedAsync(client, own, replies.Length));
        }

        Assert.True(layer.IsDisposed);
    }

    [Fact]
    public async Task What_was_put_behind_the_last_message_in_the_clear_is_not_taken_for_a_message()
    {
        await using var server = Serve(new TestLayer());
        var client = server.Connect();
        client.SendRaw([.. Call(TestProgram.Identify, 0, WithLayer), .. Call(TestProgram.Open, 1), .. new byte[2000]]);
        server.Program.Release(WithLayer);
        Assert.Equal(WithLayer, (await client.ReadAsync()).Word);
        await client.ServerClosesAsync();
        Assert.Null(server.Program.LastClient);
    }

    [Fact]
    public async Task A_client_that_leaves_during_its_authentication_is_forgotten_when_the_server_stops()
    {
        await using var server = Serve(new TestLayer());
        server.Connect().Call(TestProgram.Identify, WithLayer);
        await server.Rpc.StopAsync(new CancellationToken(canceled: true));
        Assert.Empty(server.Rpc.Clients);
    }

    private static TestServer Serve(TestLayer layer) =>
        new(scheme: AuthScheme.Sasl, wrap: inner => new ProtectableConnection(inner)) { Program = { Layer = () => layer } };

    private static byte[] Call(int procedure, uint serial) => RawClient.Bytes(RawClient.Header(procedure, MessageType.Call, serial), []);

    private static byte[] Call(int procedure, uint serial, uint word) =>
        RawClient.Bytes(RawClient.Header(procedure, MessageType.Call, serial), RawClient.Encode(new Word(word)));

    private static MessageHeader Reply(int procedure, uint serial) => RawClient.Header(procedure, MessageType.Reply, serial);

    private static (uint Serial, MessageStatus Status) Told(Packet packet) => (packet.Header.Serial, packet.Header.Status);

    private static async Task<byte[]> ReadWrappedAsync(RawClient client, TestLayer layer, int plain)
    {
        List<byte> read = [];
        while (read.Count < plain)
        {
            read.AddRange(layer.Unwrap(await client.ReadRawAsync(1) ?? throw new EndOfStreamException()));
        }

        return [.. read];
    }
}
