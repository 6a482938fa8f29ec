using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;

namespace Cistern.RemoteProtocol.Xdr;

/// <summary>
/// Reads XDR (RFC 4506) from a span, with libvirtd's tolerance: the content of padding is not looked at, bytes after the value may follow,
/// any non-zero word is true. Each method takes the wire name of the field for its error.
/// </summary>
public ref struct XdrReader
{
    private ReadOnlySpan<byte> _rest;

    public XdrReader(ReadOnlySpan<byte> source) => _rest = source;

    /// <summary>Bytes not read yet.</summary>
    public readonly int Remaining => _rest.Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadInt32(string field = "") => BinaryPrimitives.ReadInt32BigEndian(Take(sizeof(int), field));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint ReadUInt32(string field = "") => BinaryPrimitives.ReadUInt32BigEndian(Take(sizeof(uint), field));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long ReadInt64(string field = "") => BinaryPrimitives.ReadInt64BigEndian(Take(sizeof(long), field));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadUInt64(string field = "") => BinaryPrimitives.ReadUInt64BigEndian(Take(sizeof(ulong), field));

    public double ReadDouble(string field = "") => BinaryPrimitives.ReadDoubleBigEndian(Take(sizeof(double), field));

    public bool ReadBool(string field = "") => ReadUInt32(field) != 0;

    /// <summary>One word, of which the low byte counts.</summary>
    public sbyte ReadChar(string field = "") => unchecked((sbyte)ReadInt32(field));

    /// <summary>One word, of which the low byte counts.</summary>
    public byte ReadUnsignedChar(string field = "") => unchecked((byte)ReadUInt32(field));

    /// <summary>Whether an optional value follows: libvirtd takes any non-zero marker, and clients rely on it.</summary>
    public bool ReadOptional(string field = "") => ReadUInt32(field) != 0;

    /// <summary>The text up to its first NUL, as libvirtd sees it; bytes that are not UTF-8 become U+FFFD.</summary>
    /// <param name="max">Longest text in bytes.</param>
    /// <param name="field">The wire name.</param>
    public string ReadString(int max = int.MaxValue, string field = "")
    {
        var bytes = TakePadded(ReadLength(max, field), field);
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    /// <param name="max">Most bytes.</param>
    /// <param name="field">The wire name.</param>
    public byte[] ReadOpaque(int max = int.MaxValue, string field = "") => TakePadded(ReadLength(max, field), field).ToArray();

    /// <summary>As many bytes as the destination holds; no count precedes them.</summary>
    public void ReadFixedOpaque(Span<byte> destination, string field = "") => TakePadded((uint)destination.Length, field).CopyTo(destination);

    /// <summary>Sixteen bytes in network order.</summary>
    public Guid ReadUuid(string field = "") => new(Take(16, field), bigEndian: true);

    /// <summary>A <c>char</c> array: one word for each byte.</summary>
    public byte[] ReadCharArray(int max = int.MaxValue, string field = "")
    {
        var bytes = new byte[ReadCount(max, XdrSizes.Word, field)];
        ReadFixedCharArray(bytes, field);
        return bytes;
    }

    /// <summary>As many words as the destination has bytes.</summary>
    public void ReadFixedCharArray(Span<byte> destination, string field = "")
    {
        var words = Take(checked(destination.Length * XdrSizes.Word), field);
        for (var i = 0; i < destination.Length; i++)
        {
            destination[i] = words[(i * XdrSizes.Word) + 3];
        }
    }

    /// <summary>The number of items that follow; that many fit in the bytes left, so the caller may allocate them.</summary>
    /// <param name="max">Most items.</param>
    /// <param name="minimumItemSize">The smallest size of one item in bytes.</param>
    /// <param name="field">The wire name.</param>
    public int ReadCount(int max, int minimumItemSize, string field = "")
    {
        var count = ReadUInt32(field);
        if (count > (uint)max)
        {
            ThrowTooMany(field, count, max);
        }

        if ((long)count * minimumItemSize > _rest.Length)
        {
            ThrowTooShort(field, (long)count * minimumItemSize, _rest.Length);
        }

        return (int)count;
    }

    private uint ReadLength(int max, string field)
    {
        var length = ReadUInt32(field);
        if (length > (uint)max)
        {
            ThrowTooLong(field, length, max);
        }

        return length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReadOnlySpan<byte> Take(int length, string field)
    {
        var rest = _rest;
        if (rest.Length < length)
        {
            ThrowTooShort(field, length, rest.Length);
        }

        _rest = rest[length..];
        return rest[..length];
    }

    private ReadOnlySpan<byte> TakePadded(uint length, string field)
    {
        var padded = ((long)length + 3) & ~3L;
        if (padded > _rest.Length)
        {
            ThrowTooShort(field, padded, _rest.Length);
        }

        return Take((int)padded, field)[..(int)length];
    }

    [DoesNotReturn]
    private static void ThrowTooShort(string field, long needed, int left) =>
        throw new XdrFormatException(field, $"needs {needed} bytes, {left} are left");

    [DoesNotReturn]
    private static void ThrowTooLong(string field, uint length, int max) =>
        throw new XdrFormatException(field, $"{length} bytes exceed the maximum of {max}");

    [DoesNotReturn]
    private static void ThrowTooMany(string field, uint count, int max) =>
        throw new XdrFormatException(field, $"{count} items exceed the maximum of {max}");
}
