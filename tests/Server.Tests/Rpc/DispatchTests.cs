using System.Buffers.Binary;
using System.Text;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.KeepAlive;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Rpc;

/// <summary>What the server answers to every kind of message, the wrong ones included.</summary>
public sealed class DispatchTests
{
    private const int Rpc = 39;
    private const int RpcDomain = 7;

    [Theory]
    [InlineData(0x12345678u, 1u)]
    [InlineData(RemoteProgram.Number, 2u)]
    public async Task A_call_of_an_unknown_program_or_version_fails_and_the_connection_lives(uint program, uint version)
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        var header = RawClient.Header(71, MessageType.Call, 99) with { Program = program, Version = version };
        client.Send(header);
        var reply = await client.ReadAsync();
        reply.ShouldFailWith(Rpc, RpcDomain);
        Assert.Equal(header with { Type = MessageType.Reply, Status = MessageStatus.Error }, reply.Header);
        await client.NothingElseCameAsync();
    }

    [Theory]
    [InlineData(9999)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    public async Task An_unknown_procedure_is_named_even_before_authentication(int procedure)
    {
        await using var server = new TestServer(scheme: AuthScheme.Sasl);
        var reply = await server.Connect().AskAsync(procedure);
        reply.ShouldFailWith(Rpc, RpcDomain);
        Assert.Equal($"unknown procedure: {procedure}", reply.Error.Message);
    }

    [Theory]
    [InlineData(MessageStatus.Error)]
    [InlineData(MessageStatus.Continue)]
    [InlineData((MessageStatus)7)]
    public async Task A_call_with_another_status_than_ok_fails(MessageStatus status)
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        client.Send(RawClient.Header(TestProgram.Echo, MessageType.Call, 5, status), RawClient.Encode(new Word(1)));
        (await client.ReadAsync()).ShouldFailWith(Rpc, RpcDomain);
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task A_call_whose_payload_cannot_be_decoded_fails_and_the_connection_lives()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        client.Call(TestProgram.NeedsWord, [0, 0]);
        (await client.ReadAsync()).ShouldFailWith(Rpc, RpcDomain);
        await client.NothingElseCameAsync();
    }

    [Theory]
    [InlineData(MessageType.Reply)]
    [InlineData(MessageType.Message)]
    [InlineData(MessageType.Stream)]
    [InlineData(MessageType.ReplyWithFds)]
    [InlineData(MessageType.StreamHole)]
    [InlineData((MessageType)7)]
    [InlineData((MessageType)(-1))]
    public async Task Messages_that_nothing_waits_for_are_dropped(MessageType type)
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        client.Send(RawClient.Header(TestProgram.Echo, type, 3), [1, 2, 3, 4]);
        client.Send(RawClient.Header(TestProgram.Echo, type, 3) with { Program = 0x11111111 });
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task A_ping_is_answered_even_before_authentication()
    {
        await using var server = new TestServer(scheme: AuthScheme.Sasl);
        var client = server.Connect();
        client.Ping();
        var pong = await client.ReadAsync();
        Assert.Equal(RawClient.KeepAliveHeader(KeepAliveProcedure.Pong), pong.Header);
        Assert.Empty(pong.Payload);
    }

    [Fact]
    public async Task Other_keepalive_messages_get_no_answer_and_as_a_call_it_is_an_unknown_program()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        var ping = RawClient.KeepAliveHeader(KeepAliveProcedure.Ping);
        client.Send(ping with { Version = 2 });
        client.Send(ping with { Procedure = 7 });
        client.Send(RawClient.KeepAliveHeader(KeepAliveProcedure.Pong));
        client.Send(ping with { Type = MessageType.Call });
        (await client.ReadAsync()).ShouldFailWith(Rpc, RpcDomain);
        await client.NothingElseCameAsync();
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(3u)]
    [InlineData(4u)]
    [InlineData(27u)]
    [InlineData(33554437u)]
    [InlineData(uint.MaxValue)]
    public async Task An_impossible_length_closes_the_connection_without_a_packet(uint length)
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        var bytes = new byte[28];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, length);
        client.SendRaw(bytes);
        await client.ServerClosesAsync();
    }

    [Fact]
    public async Task Http_closes_the_connection_without_a_packet()
    {
        await using var server = new TestServer();
        var client = server.Connect();
        client.SendRaw(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        await client.ServerClosesAsync();
    }

    [Fact]
    public async Task The_largest_message_is_taken_and_a_smaller_limit_holds_before_authentication()
    {
        await using var server = new TestServer(scheme: AuthScheme.Sasl);
        var large = new byte[33554436 - 28];
        var client = server.Connect();
        Assert.Equal(1u, (await client.AskAsync(TestProgram.Identify, 1)).Word);
        await client.OpenAsync();
        client.Call(TestProgram.Echo, large);
        Assert.Equal(0u, (await client.ReadAsync()).Word);

        var stranger = server.Connect();
        stranger.SendRaw(RawClient.Bytes(RawClient.Header(TestProgram.Identify, MessageType.Call, 0), large).AsSpan(0, 28));
        await stranger.ServerClosesAsync();
    }

    [Fact]
    public async Task Before_authentication_only_what_belongs_to_it_is_answered()
    {
        await using var server = new TestServer(scheme: AuthScheme.Sasl);
        var client = server.Connect();
        foreach (var procedure in new[] { TestProgram.Open, TestProgram.Close, TestProgram.KeepAliveOn, TestProgram.Echo })
        {
            (await client.AskAsync(procedure)).ShouldFailWith(Rpc, RpcDomain);
        }

        Assert.Equal(1u, (await client.AskAsync(TestProgram.Identify, 1)).Word);
        await client.OpenAsync();
    }

    [Fact]
    public async Task Calls_need_an_open_connection_and_it_is_opened_once()
    {
        await using var server = new TestServer();
        var client = server.Connect();
        (await client.AskAsync(TestProgram.Echo)).ShouldFailWith(1, RpcDomain);
        Assert.Equal(MessageStatus.Ok, (await client.AskAsync(TestProgram.KeepAliveOn)).Header.Status);
        await client.OpenAsync();
        (await client.AskAsync(TestProgram.Open)).ShouldFailWith(1, RpcDomain);
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task A_read_only_connection_is_refused_changes_before_the_handler_runs()
    {
        await using var server = new TestServer(isReadOnly: true);
        var client = await server.ConnectAndOpenAsync();
        var reply = await client.AskAsync(TestProgram.Change);
        reply.ShouldFailWith(29, TestProgram.ChangeDomain);
        Assert.Contains("virStoragePoolDefineXML", reply.Error.Message, StringComparison.Ordinal);
        Assert.Equal(0, server.Program.Changes);
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task A_connection_opened_for_changes_may_change()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        Assert.Equal(MessageStatus.Ok, (await client.AskAsync(TestProgram.Change)).Header.Status);
        Assert.Equal(1, server.Program.Changes);
    }

    [Fact]
    public async Task A_defect_in_a_handler_is_logged_whole_and_answered_as_an_internal_error()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        (await client.AskAsync(TestProgram.Broken)).ShouldFailWith(1, RpcDomain);
        Assert.Contains(server.Log.Lines, line => line is { Id: 2007, Exception: InvalidOperationException { Message: "a defect" } });
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task An_expected_failure_is_answered_as_the_mapper_says()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        (await client.AskAsync(TestProgram.Refused)).ShouldFailWith(ExpectedException.Code, ExpectedException.Domain);
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task The_server_closes_after_the_reply_to_close_and_runs_nothing_sent_behind_it()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        client.SendRaw([
            .. RawClient.Bytes(RawClient.Header(TestProgram.Close, MessageType.Call, 70), []),
            .. RawClient.Bytes(RawClient.Header(TestProgram.Change, MessageType.Call, 71), []),
        ]);
        Assert.Equal(70u, (await client.ReadAsync()).Header.Serial);
        await client.ServerClosesAsync();
        Assert.Equal(0, server.Program.Changes);
    }

    [Fact]
    public async Task Descriptors_sent_along_with_a_call_are_ignored()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        client.SendRaw([
            .. RawClient.Bytes(RawClient.Header(TestProgram.Echo, MessageType.CallWithFds, 9), [0, 0, 0, 2, 0, 0, 0, 42]),
            0, 0, // a byte for each of two descriptors
        ]);
        var reply = await client.ReadAsync();
        Assert.Equal((9u, 42u), (reply.Header.Serial, reply.Word));
        await client.NothingElseCameAsync();
    }

    [Fact]
    public async Task More_descriptors_than_the_protocol_allows_close_the_connection()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        client.Send(RawClient.Header(TestProgram.Echo, MessageType.CallWithFds, 9), [0, 0, 0, 33, 0, 0, 0, 42]);
        await client.ServerClosesAsync();
    }

    [Fact]
    public async Task Many_calls_written_at_once_are_all_answered()
    {
        const uint Calls = 5000;
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        var bytes = new List<byte>();
        for (uint number = 0; number < Calls; number++)
        {
            bytes.AddRange(RawClient.Bytes(RawClient.Header(TestProgram.Echo, MessageType.Call, number), RawClient.Encode(new Word(number))));
        }

        var sending = Task.Run(() => client.SendRaw(bytes.ToArray()));
        for (uint number = 0; number < Calls; number++)
        {
            var reply = await client.ReadAsync();
            Assert.Equal((number, number), (reply.Header.Serial, reply.Word));
        }

        await sending;
    }

    [Fact]
    public async Task A_message_that_comes_byte_by_byte_is_one_message()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        foreach (var part in RawClient.Bytes(RawClient.Header(TestProgram.Echo, MessageType.Call, 3), RawClient.Encode(new Word(8))))
        {
            client.SendRaw([part]);
        }

        Assert.Equal(8u, (await client.ReadAsync()).Word);
    }
}
