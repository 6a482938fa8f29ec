using Cistern.RemoteProtocol.Xdr;

namespace Cistern.Server.Tests.Support;

/// <summary>Arguments or reply of the test procedures: one number.</summary>
public readonly record struct Word(uint Value) : IXdrCodec<Word>
{
    public int XdrSize => sizeof(uint);

    public static Word Read(ref XdrReader reader) => new(reader.ReadUInt32("word"));

    public void Write(ref XdrWriter writer) => writer.WriteUInt32(Value);
}
