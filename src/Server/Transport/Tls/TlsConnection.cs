using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Cistern.Server.Auth;

namespace Cistern.Server.Transport.Tls;

/// <summary>TLS over another connection, and libvirt's word of welcome: one byte after the handshake, before which the client says nothing.</summary>
internal sealed class TlsConnection : IHandshakingConnection
{
    private static readonly byte[] Welcome = [1];

    private readonly ITransportConnection _inner;
    private readonly TlsServer _server;
    private readonly SslStream _stream;
    private readonly LayerInput _input;
    private bool _isRefused;

    public TlsConnection(ITransportConnection inner, TlsServer server)
    {
        _inner = inner;
        _server = server;
        _stream = new SslStream(new ConnectionStream(inner), leaveInnerStreamOpen: true);
        _input = new LayerInput(_stream);
        Peer = inner.Peer with { Transport = TransportKind.Tls };
    }

    public ClientIdentity Peer { get; private set; }

    public PipeReader Input => _input.Reader;

    public async ValueTask<bool> HandshakeAsync()
    {
        // Signing takes a processor's time: the thread that accepts is not kept.
        await Task.Yield();
        using var limit = _server.Limit(_server.Options.HandshakeTimeout);
        using var cutting = limit.Token.UnsafeRegister(static self => ((TlsConnection)self!).Abort(), this);
        try
        {
            await _stream.AuthenticateAsServerAsync(Settings(_server.Current()), CancellationToken.None).ConfigureAwait(false);
            Peer = Peer with { X509Name = NameOf(_stream.RemoteCertificate), EncryptionBits = CipherBits(_stream.NegotiatedCipherSuite) };
            _server.Log.HandshakeDone(Peer.Address, Peer.X509Name ?? "nobody", _stream.SslProtocol.ToString(), _stream.NegotiatedCipherSuite.ToString());
            await _stream.WriteAsync(Welcome).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is IOException or AuthenticationException or InvalidOperationException or NotSupportedException)
        {
            if (limit.IsCancellationRequested)
            {
                _server.Log.HandshakeTimedOut(Peer.Address, _server.Options.HandshakeTimeout);
            }
            else if (!_isRefused)
            {
                _server.Log.HandshakeFailed(Peer.Address, (exception.InnerException ?? exception).Message);
            }

            return false;
        }
    }

    public void RetainInput() => _input.Retain();

    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data)
    {
        try
        {
            await _stream.WriteAsync(data).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    public void Abort() => _inner.Abort();

    public async ValueTask DisposeAsync()
    {
        _inner.Abort();
        await Input.CompleteAsync().ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
        await _inner.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Bits of the key of a cipher suite.</summary>
    internal static int CipherBits(TlsCipherSuite suite) => suite.ToString() switch
    {
        var name when name.Contains("AES_128", StringComparison.Ordinal) => 128,
        var name when name.Contains("AES_256", StringComparison.Ordinal) || name.Contains("CHACHA20", StringComparison.Ordinal) => 256,
        var name when name.Contains("3DES", StringComparison.Ordinal) => 112,
        _ => 0,
    };

    /// <summary>Sessions are not resumed: every connection is checked against what the files say now.</summary>
    private SslServerAuthenticationOptions Settings(TlsCredentials credentials) => new()
    {
        ServerCertificateContext = credentials.Own,
        ClientCertificateRequired = true,
        EnabledSslProtocols = _server.Protocols,
        EncryptionPolicy = EncryptionPolicy.RequireEncryption,
        AllowRenegotiation = false,
        AllowTlsResume = false,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        },
        RemoteCertificateValidationCallback = (_, certificate, chain, _) => Accepts(credentials, certificate as X509Certificate2, chain),
    };

    /// <summary>The framework's own verdict does not count: it knows neither the CA file nor the revocation list.</summary>
    private bool Accepts(TlsCredentials credentials, X509Certificate2? certificate, X509Chain? chain)
    {
        if (!_server.Options.VerifiesClients)
        {
            return true;
        }

        if (certificate is null)
        {
            _server.Log.CertificateMissing(Peer.Address);
            _isRefused = true;
            return false;
        }

        var others = chain?.ChainPolicy.ExtraStore ?? [];
        if (credentials.Clients.FindFault(certificate, others, TlsCredentials.ClientPurpose) is not { } fault)
        {
            return true;
        }

        _server.Log.CertificateRefused(Peer.Address, CertificateName.Of(certificate), fault);
        _isRefused = true;
        return false;
    }

    private static string? NameOf(X509Certificate? certificate) => certificate is X509Certificate2 shown ? CertificateName.Of(shown) : null;
}
