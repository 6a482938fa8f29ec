using System.Buffers;
using System.Text;
using Cistern.RemoteProtocol.Errors;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.KeepAlive;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Streams;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.RemoteProtocol.Tests.Framing;

/// <summary>Packets as libvirt's clients and daemon send them, byte for byte.</summary>
public class WellKnownPacketTests
{
    private static readonly Guid Uuid = Guid.Parse("00010203-0405-0607-0809-0a0b0c0d0e0f");

    [Fact]
    public void The_first_call_of_every_client() => AssertPacket(
        Call(RemoteProcedure.AuthList, 0),
        default(XdrVoid),
        "0000001c 20008086 00000001 00000042 00000000 00000000 00000000");

    [Fact]
    public void Its_answer_without_authentication() => AssertPacket(
        Reply(RemoteProcedure.AuthList, 0),
        new AuthListRet([AuthType.None]),
        "00000024 20008086 00000001 00000042 00000001 00000000 00000000 00000001 00000000");

    [Fact]
    public void Opening_a_connection() => AssertPacket(
        Call(RemoteProcedure.ConnectOpen, 2),
        new ConnectOpenArgs("qemu:///system", 1),
        "00000038 20008086 00000001 00000001 00000000 00000002 00000000 00000001 0000000e 71656d75 3a2f2f2f 73797374 656d0000 00000001");

    [Fact]
    public void Opening_with_the_marker_that_go_clients_send()
    {
        var reader = new XdrReader(Convert.FromHexString("01000000" + "0000000471656d75" + "00000000"));
        Assert.Equal(new ConnectOpenArgs("qemu", 0), ConnectOpenArgs.Read(ref reader));
    }

    [Fact]
    public void The_numbers_of_a_pool() => AssertPacket(
        Reply(RemoteProcedure.StoragePoolGetInfo, 9),
        new StoragePoolGetInfoRet(2, 1L << 40, 4096, 1),
        "00000038 20008086 00000001 00000057 00000001 00000009 00000000 00000002 0000010000000000 0000000000001000 0000000000000001");

    [Fact]
    public void A_pools_lifecycle_event() => AssertPacket(
        new MessageHeader(RemoteProgram.Number, 1, (int)RemoteProcedure.StoragePoolEventLifecycle, MessageType.Message, 1, MessageStatus.Ok),
        new StoragePoolEventLifecycleMsg(5, new NonnullStoragePool("p", Uuid), 2, 0),
        "00000040 20008086 00000001 00000172 00000002 00000001 00000000 00000005 "
        + "00000001 70000000 000102030405060708090a0b0c0d0e0f 00000002 00000000");

    [Fact]
    public void An_error() => AssertPacket(
        Reply(RemoteProcedure.StoragePoolLookupByName, 3) with { Status = MessageStatus.Error },
        new Error((int)ErrorNumber.NoStoragePool, (int)ErrorDomain.Storage, "no", (int)ErrorLevel.Error, null, "%s", "no", null, -1, -1, null),
        "00000060 20008086 00000001 00000054 00000001 00000003 00000001 00000031 00000012 00000001 00000002 6e6f0000 00000002 00000000"
        + "00000001 00000002 25730000 00000001 00000002 6e6f0000 00000000 ffffffff ffffffff 00000000");

    [Fact]
    public void A_hole_in_a_stream() => AssertPacket(
        StreamPacket.Hole(Call(RemoteProcedure.StorageVolDownload, 8)),
        new StreamHole(1048576, 0),
        "00000028 20008086 00000001 000000d1 00000006 00000008 00000002 0000000000100000 00000000");

    [Fact]
    public void The_end_of_a_streams_data_and_of_the_stream()
    {
        var call = Call(RemoteProcedure.StorageVolDownload, 8);
        AssertPacket(StreamPacket.Data(call), default(XdrVoid), "0000001c 20008086 00000001 000000d1 00000003 00000008 00000002");
        AssertPacket(StreamPacket.Finish(call), default(XdrVoid), "0000001c 20008086 00000001 000000d1 00000003 00000008 00000000");
        AssertPacket(StreamPacket.Failure(call), default(XdrVoid), "0000001c 20008086 00000001 000000d1 00000003 00000008 00000001");
    }

    [Fact]
    public void A_pong() => AssertPacket(
        new MessageHeader(
            KeepAliveConstants.Program, KeepAliveConstants.ProtocolVersion, (int)KeepAliveProcedure.Pong, MessageType.Message, 0, MessageStatus.Ok),
        default(XdrVoid),
        "0000001c 6b656570 00000001 00000002 00000002 00000000 00000000");

    [Fact]
    public void The_hosts_model_takes_a_word_for_each_of_its_32_characters()
    {
        var model = new byte[32];
        Encoding.ASCII.GetBytes("x86_64", model);
        Assert.Equal(160, new NodeGetInfoRet(model, 0, 0, 0, 0, 0, 0, 0).XdrSize);
    }

    private static MessageHeader Call(RemoteProcedure procedure, uint serial) =>
        new(RemoteProgram.Number, RemoteProgram.Version, (int)procedure, MessageType.Call, serial, MessageStatus.Ok);

    private static MessageHeader Reply(RemoteProcedure procedure, uint serial) => Call(procedure, serial) with { Type = MessageType.Reply };

    private static void AssertPacket<T>(MessageHeader header, T body, string expected)
        where T : IXdrCodec<T>
    {
        var output = new ArrayBufferWriter<byte>();
        MessageFraming.Write(output, header, body);
        Assert.Equal(expected.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexStringLower(output.WrittenSpan));
    }
}
