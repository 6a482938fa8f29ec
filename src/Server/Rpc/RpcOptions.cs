using Cistern.RemoteProtocol.Framing;

namespace Cistern.Server.Rpc;

/// <summary>The limits of a server; the defaults are libvirtd's where it has one.</summary>
public sealed record RpcOptions
{
    /// <summary>Clients at one time; over it, connections wait in the listening sockets.</summary>
    public int MaxClients { get; init; } = 5000;

    /// <summary>Clients at one time that have not authenticated yet; 0: as many as there may be clients.</summary>
    public int MaxUnauthenticatedClients { get; init; } = 20;

    /// <summary>Time that a client has to authenticate: somebody may have to type a password.</summary>
    public TimeSpan AuthenticationTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Calls of one client that run at one time; with all of them running, nothing more is taken from it.</summary>
    public int MaxClientRequests { get; init; } = 5;

    /// <summary>Open streams of one client.</summary>
    public int MaxClientStreams { get; init; } = 256;

    /// <summary>Events that may wait for a client that does not read; one more closes it.</summary>
    public int MaxQueuedEvents { get; init; } = 1000;

    /// <summary>Time in which nothing came from a client before it is asked whether it lives; zero or less: never. Whole seconds.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Questions in a row that may stay unanswered; one more interval later the connection is closed.</summary>
    public int KeepAliveCount { get; init; } = 5;

    public MessageLimits MessageLimits { get; init; } = MessageLimits.Default;

    /// <summary>Applies until a client has authenticated; large enough for the largest authentication message (64 KiB of data, a word for each byte).</summary>
    public MessageLimits UnauthenticatedMessageLimits { get; init; } = new(65536 * 4 + 1024);
}
