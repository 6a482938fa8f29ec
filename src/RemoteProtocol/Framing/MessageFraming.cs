using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.RemoteProtocol.Framing;

/// <summary>A message on the wire: a length word (which counts itself), the header, the payload.</summary>
public static class MessageFraming
{
    public const int LengthSize = FramingConstants.MessageLenMax;

    /// <summary>Length word and header: the size of a message without payload, and the smallest message.</summary>
    public const int PrefixSize = LengthSize + FramingConstants.MessageHeaderMax;

    /// <summary>Takes one whole message off the front of the buffer; leaves the buffer as it is while the message is incomplete.</summary>
    /// <exception cref="MessageFramingException">The length word is smaller than a message or larger than the limit.</exception>
    public static bool TryReadFrame(ref ReadOnlySequence<byte> buffer, MessageLimits limits, out MessageFrame frame)
    {
        var first = buffer.FirstSpan;
        return first.Length >= PrefixSize
            ? TryReadFrame(first, ref buffer, limits, out frame)
            : TryReadSplitFrame(ref buffer, limits, out frame);
    }

    /// <summary>Copies a prefix that lies in several pieces, or is not there as a whole yet.</summary>
    private static bool TryReadSplitFrame(ref ReadOnlySequence<byte> buffer, MessageLimits limits, out MessageFrame frame)
    {
        Span<byte> prefix = stackalloc byte[PrefixSize];
        var available = (int)Math.Min(buffer.Length, PrefixSize);
        buffer.Slice(0, available).CopyTo(prefix);
        return TryReadFrame(prefix[..available], ref buffer, limits, out frame);
    }

    private static bool TryReadFrame(ReadOnlySpan<byte> prefix, ref ReadOnlySequence<byte> buffer, MessageLimits limits, out MessageFrame frame)
    {
        frame = default;
        if (prefix.Length < LengthSize)
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix);
        if (length < PrefixSize || length > (uint)limits.MaxLength)
        {
            ThrowBadLength(length, limits.MaxLength);
        }

        if (buffer.Length < length)
        {
            return false;
        }

        var reader = new XdrReader(prefix[LengthSize..]);
        frame = new MessageFrame(MessageHeader.Read(ref reader), buffer.Slice(PrefixSize, length - PrefixSize));
        buffer = buffer.Slice(length);
        return true;
    }

    /// <summary>Writes a whole message, straight into the output.</summary>
    /// <exception cref="XdrFormatException">A value exceeds its declared maximum; nothing was written.</exception>
    /// <exception cref="MessageFramingException">The message exceeds the protocol's limit; nothing was written.</exception>
    public static void Write<T>(IBufferWriter<byte> output, in MessageHeader header, in T body)
        where T : IXdrCodec<T>
    {
        var size = SizeOf(body);
        var span = output.GetSpan(PrefixSize + size);
        WriteHeader(span, header, size);
        var writer = new XdrWriter(span.Slice(PrefixSize, size));
        body.Write(ref writer);
        output.Advance(PrefixSize + size);
    }

    /// <summary>Writes length word and header (<see cref="PrefixSize"/> bytes) of a message whose payload the caller sends.</summary>
    public static void WriteHeader(Span<byte> destination, in MessageHeader header, int payloadLength)
    {
        var writer = new XdrWriter(destination[..PrefixSize]);
        writer.WriteInt32(PrefixSize + payloadLength);
        header.Write(ref writer);
    }

    private static int SizeOf<T>(in T body)
        where T : IXdrCodec<T>
    {
        try
        {
            var size = body.XdrSize;
            if (size <= FramingConstants.MessagePayloadMax)
            {
                return size;
            }
        }
        catch (OverflowException)
        {
            // More than 2 GiB: larger than any message, too.
        }

        throw new MessageFramingException($"a payload may have {FramingConstants.MessagePayloadMax} bytes, this one has more");
    }

    [DoesNotReturn]
    private static void ThrowBadLength(uint length, int max) =>
        throw new MessageFramingException($"message length {length} is not within {PrefixSize} to {max} bytes");
}
