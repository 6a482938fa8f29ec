using Cistern.RemoteProtocol.Xdr;

namespace Cistern.RemoteProtocol.Tests.Codecs;

/// <summary>Whole values to bytes and back.</summary>
internal static class CodecBytes
{
    /// <summary>What the value writes; asserts that it wrote as much as it said.</summary>
    public static byte[] Write<T>(T value)
        where T : IXdrCodec<T>
    {
        var bytes = new byte[value.XdrSize];
        var writer = new XdrWriter(bytes);
        value.Write(ref writer);
        Assert.Equal(bytes.Length, writer.Written);
        return bytes;
    }

    /// <summary>The value, and how many bytes it left.</summary>
    public static (T Value, int Left) Read<T>(ReadOnlySpan<byte> bytes)
        where T : IXdrCodec<T>
    {
        var reader = new XdrReader(bytes);
        return (T.Read(ref reader), reader.Remaining);
    }
}
