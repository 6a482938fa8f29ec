using Cistern.Server.Rpc;

namespace Cistern.Server.Auth;

/// <summary>The SASL exchange with one client at a time; it tells <see cref="ClientConnection.CompleteAuthentication"/> when the client has authenticated.</summary>
public interface ISaslAuthenticator
{
    /// <summary>Begins an exchange.</summary>
    /// <returns>The mechanisms offered, separated by commas.</returns>
    /// <exception cref="RpcException">45/7.</exception>
    ValueTask<string> BeginAsync(ClientConnection client, CancellationToken cancellation);

    /// <summary>The client has chosen a mechanism.</summary>
    /// <exception cref="RpcException">45/7: the exchange has failed and is forgotten.</exception>
    ValueTask<SaslReply> StartAsync(ClientConnection client, string mechanism, byte[]? data, CancellationToken cancellation);

    /// <exception cref="RpcException">45/7: the exchange has failed and is forgotten.</exception>
    ValueTask<SaslReply> StepAsync(ClientConnection client, byte[]? data, CancellationToken cancellation);
}
