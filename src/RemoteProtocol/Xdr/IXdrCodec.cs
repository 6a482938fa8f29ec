namespace Cistern.RemoteProtocol.Xdr;

/// <summary>A type with an XDR form (RFC 4506).</summary>
public interface IXdrCodec<TSelf>
    where TSelf : IXdrCodec<TSelf>
{
    /// <summary>Bytes that <see cref="Write"/> writes: exact, always a multiple of four.</summary>
    int XdrSize { get; }

    /// <exception cref="XdrFormatException">The bytes end too early, or a length exceeds its declared maximum.</exception>
    static abstract TSelf Read(ref XdrReader reader);

    /// <exception cref="XdrFormatException">A value exceeds its declared maximum.</exception>
    void Write(ref XdrWriter writer);
}
