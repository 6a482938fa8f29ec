using Cistern.RemoteProtocol.Xdr;

namespace Cistern.Server.Rpc;

/// <summary>The wire's form of a <see cref="RemoteError"/>: its object fields are absent.</summary>
internal readonly record struct ErrorBody(RemoteError Error) : IXdrCodec<ErrorBody>
{
    private const int LevelError = 2;
    private const int Words = 11;

    public int XdrSize => (Words * XdrSizes.Word) + XdrSizes.OfString(Error.Message) + SizeOf(Error.Template) + SizeOf(Error.Detail);

    public static ErrorBody Read(ref XdrReader reader) => throw new NotSupportedException();

    public void Write(ref XdrWriter writer)
    {
        writer.WriteInt32(Error.Code);
        writer.WriteInt32(Error.Domain);
        WriteOptional(ref writer, Error.Message);
        writer.WriteInt32(LevelError);
        writer.WriteOptional(false);
        WriteOptional(ref writer, Error.Template);
        WriteOptional(ref writer, Error.Detail);
        writer.WriteOptional(false);
        writer.WriteInt32(Error.Errno);
        writer.WriteInt32(-1);
        writer.WriteOptional(false);
    }

    private static int SizeOf(string? text) => text is null ? 0 : XdrSizes.OfString(text);

    private static void WriteOptional(ref XdrWriter writer, string? text)
    {
        writer.WriteOptional(text is not null);
        if (text is not null)
        {
            writer.WriteString(text);
        }
    }
}
