namespace Cistern.Server.Auth;

/// <summary>How the clients of a listener prove who they are (libvirt's <c>auth_unix_rw</c>, <c>auth_unix_ro</c>, <c>auth_tcp</c>, <c>auth_tls</c>).</summary>
public enum AuthScheme
{
    /// <summary>Whoever can connect is served.</summary>
    None,

    Sasl,

    /// <summary>Unix sockets only.</summary>
    Polkit,
}
