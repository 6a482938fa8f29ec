namespace Cistern.RemoteProtocol.Framing;

/// <summary>The byte stream is not a sequence of messages (or a message would not fit in one): the connection cannot go on.</summary>
public sealed class MessageFramingException(string message) : Exception(message);
