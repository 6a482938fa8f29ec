using System.Buffers;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.RemoteProtocol.Tests.Framing;

public class MessageFramingTests
{
    private static readonly MessageHeader Header = new(RemoteProgram.Number, 1, 3, MessageType.Reply, 7, MessageStatus.Ok);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(27)]
    [InlineData(28)]
    [InlineData(1000)]
    public void A_message_in_pieces_is_the_same_message(int pieceSize)
    {
        var bytes = Message("qemu").Concat(Message("storage")).ToArray();
        var buffer = Pieces.Of(bytes, pieceSize);
        Assert.Equal("qemu", ReadType(ref buffer));
        Assert.Equal("storage", ReadType(ref buffer));
        Assert.True(buffer.IsEmpty);
    }

    [Fact]
    public void An_incomplete_message_stays_in_the_buffer()
    {
        var bytes = Message("qemu");
        for (var length = 0; length < bytes.Length; length++)
        {
            var buffer = new ReadOnlySequence<byte>(bytes, 0, length);
            Assert.False(MessageFraming.TryReadFrame(ref buffer, MessageLimits.Default, out _));
            Assert.Equal(length, buffer.Length);
        }
    }

    [Theory]
    [InlineData("00000000")]
    [InlineData("00000004")]
    [InlineData("0000001b")]
    [InlineData("02000005")]
    [InlineData("47455420")]
    [InlineData("ffffffff")]
    public void A_length_that_no_message_has_is_refused_as_soon_as_it_is_there(string length) =>
        Assert.Throws<MessageFramingException>(() => TryRead(Convert.FromHexString(length), MessageLimits.Default));

    [Theory]
    [InlineData("0000001c")]
    [InlineData("02000004")]
    public void The_smallest_and_the_largest_length_are_waited_for(string length) =>
        Assert.False(TryRead(Convert.FromHexString(length), MessageLimits.Default));

    [Fact]
    public void A_smaller_limit_counts_the_length_word_too()
    {
        Assert.False(TryRead(Convert.FromHexString("00010000"), new MessageLimits(65536)));
        Assert.Throws<MessageFramingException>(() => TryRead(Convert.FromHexString("00010001"), new MessageLimits(65536)));
    }

    [Fact]
    public void A_header_of_unknown_type_and_status_is_kept_as_it_is()
    {
        var odd = new MessageHeader(1, 2, -3, (MessageType)99, uint.MaxValue, (MessageStatus)(-1));
        var buffer = new ReadOnlySequence<byte>(Write(odd, default(XdrVoid)));
        Assert.True(MessageFraming.TryReadFrame(ref buffer, MessageLimits.Default, out var frame));
        Assert.Equal(odd, frame.Header);
        Assert.True(frame.Payload.IsEmpty);
    }

    [Fact]
    public void A_message_above_the_limit_is_refused_and_nothing_of_it_written()
    {
        var output = new ArrayBufferWriter<byte>();
        var names = Enumerable.Repeat(new string('x', 4194304), 9).ToArray();
        Assert.Throws<MessageFramingException>(() => MessageFraming.Write(output, Header, new ConnectListNetworksRet(names)));
        Assert.Throws<XdrFormatException>(() => MessageFraming.Write(output, Header, new ConnectGetTypeRet(new string('x', 4194305))));
        Assert.Equal(0, output.WrittenCount);
    }

    [Fact]
    public void A_payload_larger_than_numbers_can_say_is_refused()
    {
        var names = Enumerable.Repeat(new string('x', 4194304), 512).ToArray();
        Assert.Throws<OverflowException>(() => new ConnectListNetworksRet(names).XdrSize);
        Assert.Throws<MessageFramingException>(() => MessageFraming.Write(new ArrayBufferWriter<byte>(), Header, new ConnectListNetworksRet(names)));
    }

    [Fact]
    public void A_payload_in_one_piece_is_not_copied()
    {
        var bytes = new byte[] { 1, 2, 3 };
        using var payload = new ContiguousPayload(new ReadOnlySequence<byte>(bytes));
        Assert.True(payload.Span.Overlaps(bytes));
    }

    [Fact]
    public void A_payload_in_pieces_becomes_one_span()
    {
        byte[] bytes = [.. Enumerable.Range(0, 100).Select(number => (byte)number)];
        using var payload = new ContiguousPayload(Pieces.Of(bytes, 7));
        Assert.Equal(bytes, payload.Span.ToArray());
    }

    private static byte[] Message(string type) => Write(Header, new ConnectGetTypeRet(type));

    private static byte[] Write<T>(MessageHeader header, T body)
        where T : IXdrCodec<T>
    {
        var output = new ArrayBufferWriter<byte>();
        MessageFraming.Write(output, header, body);
        return output.WrittenSpan.ToArray();
    }

    private static bool TryRead(byte[] bytes, MessageLimits limits)
    {
        var buffer = new ReadOnlySequence<byte>(bytes);
        return MessageFraming.TryReadFrame(ref buffer, limits, out _);
    }

    private static string ReadType(ref ReadOnlySequence<byte> buffer)
    {
        Assert.True(MessageFraming.TryReadFrame(ref buffer, MessageLimits.Default, out var frame));
        Assert.Equal(Header, frame.Header);
        using var payload = new ContiguousPayload(frame.Payload);
        var reader = new XdrReader(payload.Span);
        return ConnectGetTypeRet.Read(ref reader).Type;
    }
}
