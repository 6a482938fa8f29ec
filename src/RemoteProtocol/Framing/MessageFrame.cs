using System.Buffers;

namespace Cistern.RemoteProtocol.Framing;

/// <summary>One whole message. The payload aliases the buffer it was read from and lives no longer than that.</summary>
public readonly struct MessageFrame(MessageHeader header, ReadOnlySequence<byte> payload)
{
    public MessageHeader Header { get; } = header;

    public ReadOnlySequence<byte> Payload { get; } = payload;
}
