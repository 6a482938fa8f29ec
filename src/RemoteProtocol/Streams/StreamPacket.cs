using Cistern.RemoteProtocol.Framing;

namespace Cistern.RemoteProtocol.Streams;

/// <summary>The headers of the packets of a stream: all carry the procedure and serial of the call that opened it.</summary>
public static class StreamPacket
{
    /// <summary>Bytes of data that every client accepts in one packet.</summary>
    public const int MaxDataLength = FramingConstants.MessageLegacyPayloadMax;

    /// <summary>Data; without payload, from the server: the end of the data.</summary>
    public static MessageHeader Data(in MessageHeader call) => call with { Type = MessageType.Stream, Status = MessageStatus.Continue };

    /// <summary>A hole; the payload says how long.</summary>
    public static MessageHeader Hole(in MessageHeader call) => call with { Type = MessageType.StreamHole, Status = MessageStatus.Continue };

    /// <summary>The finish of one side, or its confirmation; no payload.</summary>
    public static MessageHeader Finish(in MessageHeader call) => call with { Type = MessageType.Stream, Status = MessageStatus.Ok };

    /// <summary>The stream broke: an error as payload from the server, none from a client that aborts.</summary>
    public static MessageHeader Failure(in MessageHeader call) => call with { Type = MessageType.Stream, Status = MessageStatus.Error };
}
