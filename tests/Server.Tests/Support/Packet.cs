using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.Server.Tests.Support;

/// <summary>One packet as it was on the wire.</summary>
public sealed record Packet(MessageHeader Header, byte[] Payload)
{
    public uint Word
    {
        get
        {
            var reader = new XdrReader(Payload);
            return reader.ReadUInt32();
        }
    }

    public Error Error
    {
        get
        {
            Assert.Equal(MessageStatus.Error, Header.Status);
            var reader = new XdrReader(Payload);
            return RemoteProtocol.Remote.Error.Read(ref reader);
        }
    }

    public void ShouldFailWith(int code, int domain)
    {
        Assert.Equal(MessageType.Reply, Header.Type);
        Assert.Equal((code, domain), (Error.Code, Error.Domain));
        Assert.Equal(2, Error.Level);
        Assert.False(string.IsNullOrEmpty(Error.Message));
    }
}
