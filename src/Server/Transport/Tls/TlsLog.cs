using Microsoft.Extensions.Logging;

namespace Cistern.Server.Transport.Tls;

internal static partial class TlsLog
{
    [LoggerMessage(1100, LogLevel.Warning, "Refused {Peer}: its certificate ({Name}) is not accepted: {Fault}")]
    public static partial void CertificateRefused(this ILogger logger, string peer, string name, string fault);

    [LoggerMessage(1101, LogLevel.Warning, "Refused {Peer}: it has shown no certificate")]
    public static partial void CertificateMissing(this ILogger logger, string peer);

    [LoggerMessage(1102, LogLevel.Warning, "The TLS handshake with {Peer} failed: {Reason}")]
    public static partial void HandshakeFailed(this ILogger logger, string peer, string reason);

    [LoggerMessage(1103, LogLevel.Warning, "The TLS handshake with {Peer} took longer than {Limit}")]
    public static partial void HandshakeTimedOut(this ILogger logger, string peer, TimeSpan limit);

    [LoggerMessage(1104, LogLevel.Information, "Taken up the TLS files again: {Certificate} is valid until {End:u}")]
    public static partial void CertificatesReloaded(this ILogger logger, string certificate, DateTime end);

    [LoggerMessage(1105, LogLevel.Error, "The TLS files have changed but cannot be taken, those before are kept: {Reason}")]
    public static partial void CertificatesNotReloaded(this ILogger logger, string reason);

    [LoggerMessage(1107, LogLevel.Warning, "TLS 1.3 is not spoken: this OpenSSL's session tickets, which libvirt's clients take for a failure, cannot be turned off")]
    public static partial void NoTls13(this ILogger logger);

    [LoggerMessage(1106, LogLevel.Debug, "TLS client {Peer} is {Name} ({Protocol}, {Cipher})")]
    public static partial void HandshakeDone(this ILogger logger, string peer, string name, string protocol, string cipher);
}
