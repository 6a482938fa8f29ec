using System.Security.Authentication;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Transport.Tls;

/// <summary>The server's side of TLS: keeps the credentials, and takes the files up again when they change.</summary>
internal sealed class TlsServer
{
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private volatile TlsOptions _options;
    private TlsCredentials _credentials;
    private string _stamp;

    /// <exception cref="IOException">Names the file that is missing or bad, and what is wrong.</exception>
    public TlsServer(TlsOptions options, TimeProvider time, ILogger log)
    {
        _options = options;
        Log = log;
        _time = time;
        _stamp = Stamp(options);
        _credentials = TlsCredentials.Load(options, time);
        Protocols = options.Protocols;
        if (Protocols.HasFlag(SslProtocols.Tls13) && !SessionTickets.TurnOff())
        {
            log.NoTls13();
            Protocols = SslProtocols.Tls12;
        }
    }

    public TlsOptions Options => _options;

    /// <summary>Versions that are spoken.</summary>
    public SslProtocols Protocols { get; }

    public ILogger Log { get; }

    /// <summary>Lays TLS over the connections of a listener.</summary>
    public ITransportListener Over(ITransportListener listener) => new WrappingListener(listener, inner => new TlsConnection(inner, this), shakesHands: true);

    /// <summary>What holds for a connection that begins now. Files that are bad, perhaps because they are being written, change nothing.</summary>
    public TlsCredentials Current()
    {
        lock (_gate)
        {
            var stamp = Stamp(Options);
            if (stamp == _stamp)
            {
                return _credentials;
            }

            _stamp = stamp;
            try
            {
                _credentials = TlsCredentials.Load(Options, _time);
                Log.CertificatesReloaded(Options.CertificateFile, _credentials.Own.TargetCertificate.NotAfter.ToUniversalTime());
            }
            catch (IOException exception)
            {
                Log.CertificatesNotReloaded(exception.Message);
            }

            return _credentials;
        }
    }

    /// <summary>Takes the files up again now.</summary>
    /// <exception cref="IOException">Names the file that is bad; what held before goes on to hold.</exception>
    public void LoadAgain() => Load(Options);

    /// <summary>Takes other files and other rules for clients; the versions of the protocol stay. Options whose files are bad change nothing.</summary>
    public void Reload(TlsOptions options)
    {
        try
        {
            Load(options);
        }
        catch (IOException exception)
        {
            Log.CertificatesNotReloaded(exception.Message);
        }
    }

    private void Load(TlsOptions options)
    {
        lock (_gate)
        {
            var stamp = Stamp(options);
            _credentials = TlsCredentials.Load(options, _time);
            (_options, _stamp) = (options, stamp);
            Log.CertificatesReloaded(options.CertificateFile, _credentials.Own.TargetCertificate.NotAfter.ToUniversalTime());
        }
    }

    /// <summary>A limit on time that is told of by cancelling.</summary>
    public CancellationTokenSource Limit(TimeSpan time) => new(time, _time);

    /// <summary>Changes when a file does.</summary>
    private static string Stamp(TlsOptions options) => string.Join('|', new[]
    {
        options.KeyFile, options.CertificateFile, options.CaFile, options.RevocationFile ?? options.DefaultRevocationFile,
    }.Select(path => new FileInfo(path) is { Exists: true } file ? $"{file.LastWriteTimeUtc.Ticks} {file.Length}" : "none"));
}
