namespace Cistern.Server.Transport;

/// <summary>Protects the bytes of a connection; each direction is used by one thread at a time.</summary>
public interface ISecurityLayer : IDisposable
{
    /// <summary>The most plain bytes that one <see cref="Wrap"/> takes.</summary>
    int MaxPlainBytes { get; }

    /// <exception cref="IOException">The layer failed.</exception>
    byte[] Wrap(ReadOnlySpan<byte> plain);

    /// <summary>Takes the next bytes of the peer, which may be any part of what it wrapped.</summary>
    /// <returns>What they complete, perhaps nothing yet.</returns>
    /// <exception cref="IOException">They are not what the peer wrapped.</exception>
    byte[] Unwrap(ReadOnlySpan<byte> wrapped);
}
