using Cistern.RemoteProtocol.Xdr;

namespace Cistern.RemoteProtocol.Framing;

public readonly record struct MessageHeader(uint Program, uint Version, int Procedure, MessageType Type, uint Serial, MessageStatus Status)
    : IXdrCodec<MessageHeader>
{
    public int XdrSize => 24;

    public static MessageHeader Read(ref XdrReader reader) => new(
        reader.ReadUInt32("prog"),
        reader.ReadUInt32("vers"),
        reader.ReadInt32("proc"),
        (MessageType)reader.ReadInt32("type"),
        reader.ReadUInt32("serial"),
        (MessageStatus)reader.ReadInt32("status"));

    public void Write(ref XdrWriter writer)
    {
        writer.WriteUInt32(Program);
        writer.WriteUInt32(Version);
        writer.WriteInt32(Procedure);
        writer.WriteInt32((int)Type);
        writer.WriteUInt32(Serial);
        writer.WriteInt32((int)Status);
    }
}
