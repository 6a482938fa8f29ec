using System.Collections.Immutable;
using System.Security.Authentication;

namespace Cistern.Server.Transport.Tls;

/// <summary>Certificates, and which of the clients' are accepted. The defaults are libvirt's.</summary>
public sealed record TlsOptions
{
    /// <summary><c>key_file</c>: the server's private key (PEM).</summary>
    public string KeyFile { get; init; } = "/etc/pki/libvirt/private/serverkey.pem";

    /// <summary><c>cert_file</c>: the server's certificate, perhaps followed by those between it and the CA (PEM).</summary>
    public string CertificateFile { get; init; } = "/etc/pki/libvirt/servercert.pem";

    /// <summary><c>ca_file</c>: who may have signed the clients' certificates (PEM).</summary>
    public string CaFile { get; init; } = "/etc/pki/CA/cacert.pem";

    /// <summary><c>crl_file</c>: revoked certificates (PEM). Null: <see cref="DefaultRevocationFile"/> if it is there.</summary>
    public string? RevocationFile { get; init; }

    /// <summary>Looked at when no other is named.</summary>
    public string DefaultRevocationFile { get; init; } = "/etc/pki/CA/cacrl.pem";

    /// <summary>False for <c>tls_no_verify_certificate</c>: clients need no certificate, or may have any.</summary>
    public bool VerifiesClients { get; init; } = true;

    /// <summary>False for <c>tls_no_sanity_certificate</c>: the server's own certificate is taken as it is.</summary>
    public bool VerifiesItself { get; init; } = true;

    /// <summary><c>tls_allowed_dn_list</c>: patterns (<c>*</c>, <c>?</c>) of the distinguished names that are let in; null: all, empty: none.</summary>
    public ImmutableArray<string>? AllowedNames { get; init; }

    /// <summary>Versions of the protocol that are spoken (from <c>tls_priority</c>).</summary>
    public SslProtocols Protocols { get; init; } = TlsPriority.Normal;

    /// <summary>Time that a client has for its handshake.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
