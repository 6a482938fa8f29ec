using Cistern.Server.Rpc;

namespace Cistern.Server.Auth;

/// <summary>Asks polkit about clients of unix sockets.</summary>
public interface IPolkitAuthenticator
{
    /// <summary>Whether the client is served without being asked about (root, so that a polkit that does not run locks nobody out).</summary>
    bool Passes(ClientConnection client);

    /// <summary>Returns when polkit allows the client.</summary>
    /// <exception cref="RpcException">It does not, or cannot be asked.</exception>
    ValueTask AuthorizeAsync(ClientConnection client, CancellationToken cancellation);
}
