namespace Cistern.Server.Transport;

/// <summary>A place where clients connect.</summary>
public interface ITransportListener : IAsyncDisposable
{
    /// <summary>What a client connects to: a socket's path or <c>address:port</c>.</summary>
    string Address { get; }

    /// <summary>Whether its connections are <see cref="IHandshakingConnection"/>s.</summary>
    bool ShakesHands => false;

    /// <summary>Waits for the next client that may talk to the server; one call at a time.</summary>
    /// <returns>Null when the listener has been closed.</returns>
    ValueTask<ITransportConnection?> AcceptAsync();

    /// <summary>Stops listening; a waiting accept returns null.</summary>
    void Close();
}
