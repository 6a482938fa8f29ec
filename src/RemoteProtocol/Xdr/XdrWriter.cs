using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;

namespace Cistern.RemoteProtocol.Xdr;

/// <summary>Writes XDR (RFC 4506) into a span that the caller has sized with <see cref="IXdrCodec{TSelf}.XdrSize"/>.</summary>
public ref struct XdrWriter
{
    private readonly Span<byte> _destination;
    private int _written;

    public XdrWriter(Span<byte> destination) => _destination = destination;

    /// <summary>Bytes written so far.</summary>
    public readonly int Written => _written;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(sizeof(int)), value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(sizeof(uint)), value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(sizeof(long)), value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Take(sizeof(ulong)), value);

    public void WriteDouble(double value) => BinaryPrimitives.WriteDoubleBigEndian(Take(sizeof(double)), value);

    public void WriteBool(bool value) => WriteUInt32(value ? 1u : 0u);

    /// <summary>One word, sign-extended.</summary>
    public void WriteChar(sbyte value) => WriteInt32(value);

    /// <summary>One word.</summary>
    public void WriteUnsignedChar(byte value) => WriteUInt32(value);

    /// <summary>The marker before an optional value.</summary>
    public void WriteOptional(bool present) => WriteUInt32(present ? 1u : 0u);

    /// <param name="value">Text, sent as UTF-8 without a terminator.</param>
    /// <param name="max">Longest text in bytes.</param>
    /// <param name="field">The wire name.</param>
    public void WriteString(string value, int max = int.MaxValue, string field = "")
    {
        var length = Encoding.UTF8.GetByteCount(value);
        WriteLength(length, max, field);
        Encoding.UTF8.GetBytes(value, TakePadded(length));
    }

    /// <param name="value">The bytes, sent after their count.</param>
    /// <param name="max">Most bytes.</param>
    /// <param name="field">The wire name.</param>
    public void WriteOpaque(ReadOnlySpan<byte> value, int max = int.MaxValue, string field = "")
    {
        WriteLength(value.Length, max, field);
        value.CopyTo(TakePadded(value.Length));
    }

    /// <summary>Exactly <paramref name="length"/> bytes, without a count.</summary>
    public void WriteFixedOpaque(ReadOnlySpan<byte> value, int length, string field = "")
    {
        RequireLength(value.Length, length, field);
        value.CopyTo(TakePadded(length));
    }

    /// <summary>Sixteen bytes in network order.</summary>
    public void WriteUuid(Guid value) => value.TryWriteBytes(Take(16), bigEndian: true, out _);

    /// <summary>A <c>char</c> array: count, then one sign-extended word for each byte.</summary>
    public void WriteCharArray(ReadOnlySpan<byte> value, int max = int.MaxValue, string field = "")
    {
        WriteCount(value.Length, max, field);
        WriteFixedCharArray(value, value.Length, field);
    }

    /// <summary>One sign-extended word for each of exactly <paramref name="length"/> bytes, without a count.</summary>
    public void WriteFixedCharArray(ReadOnlySpan<byte> value, int length, string field = "")
    {
        RequireLength(value.Length, length, field);
        foreach (var item in value)
        {
            WriteInt32(unchecked((sbyte)item));
        }
    }

    /// <summary>The number of items that follow.</summary>
    public void WriteCount(int count, int max = int.MaxValue, string field = "")
    {
        if (count > max)
        {
            ThrowTooMany(field, count, max);
        }

        WriteUInt32((uint)count);
    }

    /// <summary>Refuses an array that does not have the declared number of items.</summary>
    /// <exception cref="XdrFormatException">It has not.</exception>
    public static void RequireLength(int length, int required, string field)
    {
        if (length != required)
        {
            throw new XdrFormatException(field, $"{length} items where there are exactly {required}");
        }
    }

    private void WriteLength(int length, int max, string field)
    {
        if (length > max)
        {
            ThrowTooLong(field, length, max);
        }

        WriteUInt32((uint)length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Span<byte> Take(int length)
    {
        var taken = _destination.Slice(_written, length);
        _written += length;
        return taken;
    }

    private Span<byte> TakePadded(int length)
    {
        var taken = Take(XdrSizes.Padded(length));
        taken[length..].Clear();
        return taken[..length];
    }

    [DoesNotReturn]
    private static void ThrowTooLong(string field, int length, int max) =>
        throw new XdrFormatException(field, $"{length} bytes exceed the maximum of {max}");

    [DoesNotReturn]
    private static void ThrowTooMany(string field, int count, int max) =>
        throw new XdrFormatException(field, $"{count} items exceed the maximum of {max}");
}
