using System.Collections.Concurrent;
using Cistern.RemoteProtocol.Programs;
using Cistern.Server.Auth;
using Cistern.Server.Transport;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Rpc;

/// <summary>Serves programs to the clients of its listeners.</summary>
public sealed class RpcServer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<RpcConnection, Task> _connections = new();
    private readonly List<ITransportListener> _listeners = [];
    private readonly List<Task> _acceptLoops = [];
    private readonly Lock _gate = new();
    private TaskCompletionSource? _room;
    private long _lastId;
    private int _clients;
    private int _unauthenticated;
    private bool _isStopping;

    /// <param name="programs">What is served.</param>
    /// <param name="errors">Maps the services' exceptions.</param>
    /// <param name="options">The limits.</param>
    /// <param name="log">Where events of connections are told.</param>
    /// <param name="time">The clock of keepalive and of time limits.</param>
    public RpcServer(IReadOnlyList<RpcProgram<CallContext>> programs, IErrorMapper errors, RpcOptions options, ILogger<RpcServer> log, TimeProvider time)
    {
        Options = options;
        Log = log;
        Dispatcher = new RpcDispatcher(programs, errors, log);
        Time = time;
        KeepAlive = new KeepAlive(options, time);
    }

    /// <summary>Told how many clients there are whenever one comes or goes, in that order; must not wait.</summary>
    public event Action<int>? ClientsChanged;

    /// <summary>The clients that are connected now.</summary>
    public IEnumerable<ClientConnection> Clients => _connections.Keys.Select(connection => connection.Client);

    internal RpcOptions Options { get; }

    internal ILogger Log { get; }

    internal RpcDispatcher Dispatcher { get; }

    internal TimeProvider Time { get; }

    internal KeepAlive KeepAlive { get; }

    /// <summary>Serves the clients that come to <paramref name="listener"/>, which the server closes when it stops.</summary>
    /// <param name="listener">Where clients connect.</param>
    /// <param name="scheme">How they authenticate; until they have, they may call only what belongs to it.</param>
    public void Start(ITransportListener listener, AuthScheme scheme = AuthScheme.None)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isStopping, this);
            _listeners.Add(listener);
            _acceptLoops.Add(AcceptAsync(listener, scheme));
        }

        Log.Listening(listener.Address);
    }

    /// <summary>Accepts nobody any more if there are no clients now: those that come find the listening socket closed, or somebody else who listens on it.</summary>
    /// <returns>False when there are clients, who go on being served.</returns>
    public bool TryCloseWhenIdle()
    {
        lock (_gate)
        {
            if (_clients > 0)
            {
                return false;
            }

            _isStopping = true;
            _room?.TrySetResult();
            _listeners.ForEach(listener => listener.Close());
            return true;
        }
    }

    /// <summary>Accepts nobody any more, answers the calls that are running, then closes every connection; those that are left when cancelled are cut.</summary>
    public async Task StopAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            _isStopping = true;
            _room?.TrySetResult();
        }

        foreach (var listener in _listeners)
        {
            listener.Close();
        }

        await Task.WhenAll(_acceptLoops).ConfigureAwait(false);
        foreach (var (connection, _) in _connections)
        {
            connection.FinishAndClose();
        }

        var ended = Task.WhenAll(_connections.Values);
        using var cut = cancellation.UnsafeRegister(static self => ((RpcServer)self!).AbortAll(), this);
        await ended.ConfigureAwait(false);
        foreach (var listener in _listeners)
        {
            await listener.DisposeAsync().ConfigureAwait(false);
        }

        _listeners.Clear();
        KeepAlive.Dispose();
    }

    public async ValueTask DisposeAsync() => await StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);

    internal void Authenticated(RpcConnection connection)
    {
        lock (_gate)
        {
            if (!connection.Client.IsAuthenticated && _connections.ContainsKey(connection))
            {
                _unauthenticated--;
                MakeRoomLocked();
            }

            connection.Client.IsAuthenticated = true;
        }
    }

    private async Task AcceptAsync(ITransportListener listener, AuthScheme scheme)
    {
        try
        {
            var mustAuthenticate = scheme != AuthScheme.None || listener.ShakesHands;
            while (await HasRoomAsync(mustAuthenticate).ConfigureAwait(false) && await listener.AcceptAsync().ConfigureAwait(false) is { } transport)
            {
                Serve(transport, scheme);
            }
        }
        catch (Exception exception)
        {
            Log.AcceptingFailed(exception, listener.Address);
        }
    }

    /// <summary>Waits while the limits are reached; false when the server stops. Strangers that fill theirs keep nobody out who need not authenticate.</summary>
    private async ValueTask<bool> HasRoomAsync(bool mustAuthenticate)
    {
        while (true)
        {
            Task room;
            lock (_gate)
            {
                if (_isStopping)
                {
                    return false;
                }

                if (_clients < Options.MaxClients && (!mustAuthenticate || _unauthenticated < Options.MaxUnauthenticatedClients))
                {
                    return true;
                }

                Log.AcceptingPaused(_clients, _unauthenticated);
                _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                room = _room.Task;
            }

            await room.ConfigureAwait(false);
        }
    }

    private void Serve(ITransportConnection transport, AuthScheme scheme)
    {
        var connection = new RpcConnection(this, transport, Interlocked.Increment(ref _lastId), scheme);
        lock (_gate)
        {
            _clients++;
            _unauthenticated += connection.Client.IsAuthenticated ? 0 : 1;
            ClientsChanged?.Invoke(_clients);
        }

        Log.ClientConnected(connection.Client.Id, transport.Peer.Address);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connections.TryAdd(connection, ended.Task);
        _ = RunAsync(connection, ended);
    }

    private async Task RunAsync(RpcConnection connection, TaskCompletionSource ended)
    {
        await connection.RunAsync().ConfigureAwait(false);
        lock (_gate)
        {
            _connections.TryRemove(connection, out _);
            _clients--;
            _unauthenticated -= connection.Client.IsAuthenticated ? 0 : 1;
            ClientsChanged?.Invoke(_clients);
            MakeRoomLocked();
        }

        ended.SetResult();
    }

    private void MakeRoomLocked()
    {
        _room?.TrySetResult();
        _room = null;
    }

    private void AbortAll()
    {
        foreach (var (connection, _) in _connections)
        {
            connection.Abort();
        }
    }
}
