namespace Cistern.Server.Auth;

/// <summary>Which scheme the clients of each listener authenticate with.</summary>
public sealed record AuthOptions
{
    /// <summary><c>auth_unix_rw</c>.</summary>
    public AuthScheme UnixReadWrite { get; init; }

    /// <summary><c>auth_unix_ro</c>.</summary>
    public AuthScheme UnixReadOnly { get; init; }

    /// <summary><c>auth_tcp</c>: none or SASL. With none, only this machine's own users are served, see <see cref="LoopbackGate"/>.
    /// Null: SASL for <c>listen_tcp</c>, none for an address of the command line.</summary>
    public AuthScheme? Tcp { get; init; }

    /// <summary><c>auth_tls</c>: none (the certificate suffices) or SASL.</summary>
    public AuthScheme Tls { get; init; }
}
