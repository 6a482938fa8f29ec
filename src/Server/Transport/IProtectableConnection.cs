namespace Cistern.Server.Transport;

/// <summary>A connection that can be protected after it has begun in the clear.</summary>
public interface IProtectableConnection : ITransportConnection
{
    /// <summary>From now on every byte passes the layer, what has arrived and has not been consumed included. Called once, while nobody reads or writes; the layer is the connection's.</summary>
    void Protect(ISecurityLayer layer);
}
