namespace Cistern.Server.Transport;

/// <summary>A connection whose peer has to prove itself before the first message.</summary>
public interface IHandshakingConnection : ITransportConnection
{
    /// <summary>Shakes hands; <see cref="ITransportConnection.Peer"/> says more of the peer afterwards.</summary>
    /// <returns>False when the peer was refused or took too long; the log says why.</returns>
    ValueTask<bool> HandshakeAsync();
}
