using Microsoft.Extensions.Logging;

namespace Cistern.Server.Rpc;

internal static partial class RpcLog
{
    [LoggerMessage(2000, LogLevel.Information, "Serving clients at {Address}")]
    public static partial void Listening(this ILogger logger, string address);

    [LoggerMessage(2001, LogLevel.Debug, "Client {Client} connected from {Address}")]
    public static partial void ClientConnected(this ILogger logger, long client, string address);

    [LoggerMessage(2002, LogLevel.Debug, "Client {Client} is gone")]
    public static partial void ClientGone(this ILogger logger, long client);

    [LoggerMessage(2003, LogLevel.Warning, "The limit of clients is reached ({Clients}, of them {Unauthenticated} unauthenticated): accepting waits")]
    public static partial void AcceptingPaused(this ILogger logger, uint clients, uint unauthenticated);

    [LoggerMessage(2004, LogLevel.Warning, "Client {Client} broke the protocol and is closed: {Reason}")]
    public static partial void ProtocolBroken(this ILogger logger, long client, string reason);

    [LoggerMessage(2005, LogLevel.Warning, "Client {Client} does not read its events ({Count} wait) and is closed")]
    public static partial void EventsOverflowed(this ILogger logger, long client, int count);

    [LoggerMessage(2006, LogLevel.Warning, "Client {Client} has not answered {Count} keepalive requests and is closed")]
    public static partial void KeepAliveFailed(this ILogger logger, long client, int count);

    [LoggerMessage(2007, LogLevel.Error, "Unexpected failure in {Procedure} for client {Client}")]
    public static partial void UnexpectedFailure(this ILogger logger, Exception exception, string procedure, long client);

    [LoggerMessage(2008, LogLevel.Error, "The connection of client {Client} failed unexpectedly")]
    public static partial void ConnectionFailed(this ILogger logger, Exception exception, long client);

    [LoggerMessage(2009, LogLevel.Error, "Closing a stream of client {Client} failed")]
    public static partial void StreamDisposeFailed(this ILogger logger, Exception exception, long client);

    [LoggerMessage(2010, LogLevel.Error, "Releasing what was kept for client {Client} failed")]
    public static partial void DetachFailed(this ILogger logger, Exception exception, long client);

    [LoggerMessage(2011, LogLevel.Error, "Accepting at {Address} ended unexpectedly")]
    public static partial void AcceptingFailed(this ILogger logger, Exception exception, string address);

    [LoggerMessage(2012, LogLevel.Warning, "Client {Client} at {Address} has not authenticated within {Limit} and is closed")]
    public static partial void AuthenticationTimedOut(this ILogger logger, long client, string address, TimeSpan limit);
}
