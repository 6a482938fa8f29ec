using System.Text;

namespace Cistern.RemoteProtocol.Xdr;

/// <summary>Sizes in bytes of the XDR forms (RFC 4506 §4) of values whose size is not fixed.</summary>
public static class XdrSizes
{
    /// <summary>Everything on the wire is a multiple of this.</summary>
    public const int Word = 4;

    /// <summary>The next multiple of four.</summary>
    public static int Padded(int length) => checked(length + 3) & ~3;

    /// <summary>Count, UTF-8 bytes, padding.</summary>
    public static int OfString(string value) => Word + Padded(Encoding.UTF8.GetByteCount(value));

    /// <summary>Count, bytes, padding.</summary>
    public static int OfOpaque(byte[] value) => Word + Padded(value.Length);

    /// <summary>Count, one word for each byte.</summary>
    public static int OfCharArray(byte[] value) => checked(Word + (Word * value.Length));

    /// <summary>The strings without their count.</summary>
    public static int OfStrings(string[] values)
    {
        var size = 0;
        foreach (var value in values)
        {
            size = checked(size + OfString(value));
        }

        return size;
    }

    /// <summary>The items without their count.</summary>
    public static int OfItems<T>(T[] items)
        where T : struct, IXdrCodec<T>
    {
        var size = 0;
        foreach (ref readonly var item in items.AsSpan())
        {
            size = checked(size + item.XdrSize);
        }

        return size;
    }
}
