namespace Cistern.RemoteProtocol.Xdr;

/// <summary>The arguments or reply of a procedure that has none: no bytes at all.</summary>
public readonly record struct XdrVoid : IXdrCodec<XdrVoid>
{
    public int XdrSize => 0;

    public static XdrVoid Read(ref XdrReader reader) => default;

    public void Write(ref XdrWriter writer)
    {
    }
}
