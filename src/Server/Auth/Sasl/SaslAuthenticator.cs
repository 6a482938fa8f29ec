using Cistern.Server.Rpc;
using Cistern.Server.Transport;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Auth.Sasl;

/// <summary>SASL through libsasl2, as libvirt uses it: over unix sockets and TLS any mechanism that tells who the client is, over plain TCP one that encrypts.</summary>
public sealed class SaslAuthenticator : ISaslAuthenticator
{
    /// <summary>Names libsasl2's configuration file.</summary>
    private const string Application = "libvirt";

    /// <summary>More than any mechanism has.</summary>
    private const int AnyStrength = 100000;

    /// <summary>Words of a token in the protocol.</summary>
    private const int MaxData = 65536;

    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private volatile Rules _rules;

    /// <exception cref="IOException">libsasl2 is not installed, or does not start.</exception>
    public SaslAuthenticator(SaslOptions options, TimeProvider time, ILogger log)
    {
        _rules = new Rules(options);
        _time = time;
        _log = log;
        try
        {
            if (SaslLibrary.ServerInit(0, Application) is not SaslLibrary.Ok and var error)
            {
                throw new IOException($"SASL does not start (error {error} of libsasl2)");
            }
        }
        catch (DllNotFoundException exception)
        {
            throw new IOException("SASL is configured, but libsasl2.so.2 is not installed (Debian: libsasl2-2, and libsasl2-modules for its mechanisms)", exception);
        }
    }

    /// <summary>Holds for what begins from now on.</summary>
    public void Reload(SaslOptions options) => _rules = new Rules(options);

    /// <summary>What takes place over plain TCP, and has to encrypt.</summary>
    /// <exception cref="SaslException">libsasl2 refuses.</exception>
    internal static SaslSession SessionOnTcp(SaslOptions options) => new(options.MinimumTcpStrength, AnyStrength, transportStrength: null);

    /// <summary>What takes place where nobody can listen.</summary>
    /// <param name="strength">Bits of the transport's encryption; null: it has none.</param>
    /// <exception cref="SaslException">libsasl2 refuses.</exception>
    internal static SaslSession SessionOnSafeTransport(int? strength = null) => new(0, 0, strength);

    public ValueTask<string> BeginAsync(ClientConnection client, CancellationToken cancellation) => RunAsync(client, attempts =>
    {
        if (attempts.Session is not null)
        {
            throw new SaslException("it began another exchange before the end of one");
        }

        var session = client.Identity.Transport == TransportKind.Tcp ? SessionOnTcp(_rules.Options) : SessionOnSafeTransport(client.Identity.EncryptionBits);
        attempts.Session = session;
        return session.Mechanisms() is { Length: > 0 } mechanisms ? mechanisms
            : throw new SaslException("no mechanism is available that is strong enough; see mech_list in libsasl2's libvirt.conf, and the packages libsasl2-modules*");
    });

    public ValueTask<SaslReply> StartAsync(ClientConnection client, string mechanism, byte[]? data, CancellationToken cancellation) =>
        RunAsync(client, attempts => Answer(client, attempts, Session(attempts).Start(mechanism, data)));

    public ValueTask<SaslReply> StepAsync(ClientConnection client, byte[]? data, CancellationToken cancellation) =>
        RunAsync(client, attempts => Answer(client, attempts, Session(attempts).Step(data)));

    private static SaslSession Session(SaslAttempts attempts) => attempts.Session ?? throw new SaslException("it went on with an exchange that had not begun");

    /// <summary>Mechanisms read files and may ask other servers: they get a thread. Whatever fails ends the exchange, is logged, and is told late and without a reason.</summary>
    private async ValueTask<T> RunAsync<T>(ClientConnection client, Func<SaslAttempts, T> run)
    {
        var attempts = client.GetOrAdd(() => new SaslAttempts());
        try
        {
            return await Task.Run(() => run(attempts)).ConfigureAwait(false);
        }
        catch (SaslException exception)
        {
            _log.SaslFailed(client.Id, client.Identity.Address, exception.Message);
            attempts.Session?.Dispose();
            attempts.Session = null;
            if (++attempts.Failures >= _rules.Options.MaxFailures)
            {
                client.CloseAfterReply();
            }
        }

        await Task.Delay(_rules.Options.FailureDelay, _time, client.Closed).ConfigureAwait(false);
        throw RpcException.AuthenticationFailed();
    }

    private SaslReply Answer(ClientConnection client, SaslAttempts attempts, SaslReply reply)
    {
        if (reply.Data is { Length: > MaxData })
        {
            throw new SaslException($"a token of {reply.Data.Length} bytes is too long to be sent");
        }

        if (reply.IsComplete)
        {
            Complete(client, attempts);
        }

        return reply;
    }

    private void Complete(ClientConnection client, SaslAttempts attempts)
    {
        var session = attempts.Session!;
        var strength = session.Strength();
        var isPlain = client.Identity.Transport == TransportKind.Tcp;
        if (isPlain && strength < _rules.Options.MinimumTcpStrength)
        {
            throw new SaslException($"{strength} bits of encryption are too few");
        }

        var user = session.UserName();
        if (_rules.Users?.Match(user) == false)
        {
            throw new SaslException($"'{user}' is not on sasl_allowed_username_list");
        }

        attempts.Session = null;
        ISecurityLayer? layer = null;
        if (strength > 0)
        {
            layer = new SaslLayer(session);
        }
        else
        {
            session.Dispose();
        }

        _log.SaslDone(client.Id, client.Identity.Address, user, strength);
        client.CompleteAuthentication(user, layer);
    }

    /// <summary>Options, and the names that they let in; null: all.</summary>
    private sealed class Rules(SaslOptions options)
    {
        public SaslOptions Options { get; } = options;

        public GlobPatterns? Users { get; } = options.AllowedUserNames is { } allowed ? new GlobPatterns(allowed) : null;
    }
}
