namespace Cistern.Server.Auth;

/// <summary>Who is at the other end of a connection, as far as the system vouches for it.</summary>
/// <param name="Transport">How the client came.</param>
/// <param name="Address">The peer's address, or the path of the socket that it connected to.</param>
/// <param name="IsReadOnlySocket">It came through a socket that only serves read-only connections.</param>
/// <param name="UserId">The peer's user: SO_PEERCRED of a unix socket, the owner of the peer's socket over loopback; null when unknown.</param>
/// <param name="GroupId">The peer's group (unix sockets only).</param>
/// <param name="ProcessId">The process that connected (unix sockets only).</param>
/// <param name="ProcessStartTime">When that process started, in the kernel's clock ticks: with it the process id cannot be mistaken (unix sockets only).</param>
/// <param name="X509Name">The distinguished name in the client's certificate, spelled as libvirt's <c>tls_allowed_dn_list</c> has it (TLS only).</param>
/// <param name="EncryptionBits">Bits of the key of the cipher that the transport is encrypted with (TLS only).</param>
/// <param name="SaslUserName">The name that the client has authenticated as; null before, or with another scheme.</param>
/// <param name="SecurityContext">What the kernel's security module calls the peer (SO_PEERSEC of a unix socket); null where there is none.</param>
public sealed record ClientIdentity(
    TransportKind Transport,
    string Address,
    bool IsReadOnlySocket = false,
    uint? UserId = null,
    uint? GroupId = null,
    int? ProcessId = null,
    ulong? ProcessStartTime = null,
    string? X509Name = null,
    int? EncryptionBits = null,
    string? SaslUserName = null,
    string? SecurityContext = null)
{
    /// <summary>A process of root's connected to a unix socket. The root that a TCP connection seems to come from may be a forwarder.</summary>
    public bool IsLocalRoot => this is { Transport: TransportKind.Unix, UserId: 0 };
}
