using Cistern.RemoteProtocol.Xdr;

namespace Cistern.Server.Rpc;

/// <summary>The payload of a stream hole.</summary>
internal readonly record struct HoleBody(long Length, uint Flags) : IXdrCodec<HoleBody>
{
    public int XdrSize => sizeof(long) + sizeof(uint);

    public static HoleBody Read(ref XdrReader reader) => new(reader.ReadInt64("length"), reader.ReadUInt32("flags"));

    public void Write(ref XdrWriter writer)
    {
        writer.WriteInt64(Length);
        writer.WriteUInt32(Flags);
    }
}
