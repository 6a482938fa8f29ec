using System.Diagnostics.CodeAnalysis;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Server.Auth;
using Cistern.Server.Transport;

namespace Cistern.Server.Rpc;

/// <summary>A client as the services see it.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The token source has neither a timer nor a handle.")]
public sealed class ClientConnection
{
    private readonly RpcConnection _connection;
    private readonly CancellationTokenSource _closed = new();
    private readonly Lock _gate = new();
    private List<object>? _attachments;
    private ClientIdentity? _calledFor;
    private bool _isDetached;

    internal ClientConnection(RpcConnection connection, long id, ClientIdentity identity, AuthScheme scheme, bool shakesHands)
    {
        _connection = connection;
        Id = id;
        Identity = identity;
        IsReadOnly = identity.IsReadOnlySocket;
        AuthScheme = scheme;
        ConnectedAt = connection.Server.Time.GetUtcNow();
        IsAuthenticated = scheme == AuthScheme.None && !shakesHands;
    }

    /// <summary>Unique for the life of the server.</summary>
    public long Id { get; }

    public DateTimeOffset ConnectedAt { get; }

    public ClientIdentity Identity { get; internal set; }

    /// <summary>For whom the client calls: itself, unless it was trusted to call for another.</summary>
    public ClientIdentity Caller => _calledFor ?? Identity;

    /// <summary>How the client has to authenticate, or did.</summary>
    public AuthScheme AuthScheme { get; }

    public bool IsAuthenticated { get; internal set; }

    /// <summary>The client may not change anything.</summary>
    public bool IsReadOnly { get; private set; }

    public bool IsOpen => OpenedUri is not null;

    /// <summary>The URI that the client opened; null before.</summary>
    public string? OpenedUri { get; private set; }

    /// <summary>Cancelled when the connection has ended.</summary>
    public CancellationToken Closed => _closed.Token;

    internal bool IsCloseRequested { get; private set; }

    /// <summary>What protects the connection once the answer to the call that set it has been sent.</summary>
    internal ISecurityLayer? LayerAfterReply { get; set; }

    /// <summary>The client has opened <paramref name="uri"/>. A read-only socket stays read-only whatever it asks for.</summary>
    /// <exception cref="RpcException">1/7: it is open already.</exception>
    public void Open(string uri, bool readOnly)
    {
        lock (_gate)
        {
            if (IsOpen)
            {
                throw RpcException.Internal("connection already open");
            }

            IsReadOnly |= readOnly;
            OpenedUri = uri;
        }
    }

    /// <summary>From now on the client calls for somebody else. Whether it may is the caller's to know.</summary>
    public void CallFor(ClientIdentity caller) => _calledFor = caller;

    /// <summary>The client has proved who it is; with SASL, under which name.</summary>
    /// <param name="layer">Protects every byte after the answer to this call; the connection's from now on.</param>
    public void CompleteAuthentication(string? saslUserName = null, ISecurityLayer? layer = null)
    {
        Identity = saslUserName is null ? Identity : Identity with { SaslUserName = saslUserName };
        LayerAfterReply = layer;
        _connection.Server.Authenticated(_connection);
    }

    /// <summary>The client understands the keepalive program: from now on it is asked whether it lives.</summary>
    public void EnableKeepAlive() => _connection.Server.KeepAlive.Add(_connection);

    /// <summary>Closes the connection once the next reply has been sent.</summary>
    public void CloseAfterReply() => IsCloseRequested = true;

    /// <summary>Queues an event; never blocks. A client that lets too many wait is closed.</summary>
    /// <param name="mergeKey">An event that may be told once for several: while one with an equal key waits, and only such events came after it, it is left out.</param>
    public void SendEvent<T>(RemoteProcedure procedure, in T body, object? mergeKey = null)
        where T : IXdrCodec<T> =>
        _connection.SendEvent(procedure, body, mergeKey);

    /// <summary>What a service keeps for this client; disposed of (where it can be) when the connection ends.</summary>
    /// <exception cref="OperationCanceledException">The connection has ended.</exception>
    public T GetOrAdd<T>(Func<T> create)
        where T : class
    {
        lock (_gate)
        {
            if (_isDetached)
            {
                throw new OperationCanceledException(Closed);
            }

            if (_attachments?.OfType<T>().FirstOrDefault() is { } found)
            {
                return found;
            }

            var made = create();
            (_attachments ??= []).Add(made);
            return made;
        }
    }

    /// <summary>Ends the connection at once.</summary>
    public void Abort() => _connection.Abort();

    internal async ValueTask EndAsync()
    {
        List<object> attachments;
        lock (_gate)
        {
            _isDetached = true;
            attachments = _attachments ?? [];
            _attachments = null;
        }

        await _closed.CancelAsync().ConfigureAwait(false);
        foreach (var attachment in attachments)
        {
            if (attachment is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                (attachment as IDisposable)?.Dispose();
            }
        }
    }
}
