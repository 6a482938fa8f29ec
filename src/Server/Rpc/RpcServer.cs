using System.Collections.Concurrent;
using System.Diagnostics;
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
    private uint _clients;
    private uint _unauthenticated;
    private uint _maxClients;
    private uint _maxUnauthenticated;
    private bool _isStopping;

    /// <param name="programs">What is served.</param>
    /// <param name="errors">Maps the services' exceptions.</param>
    /// <param name="options">The limits.</param>
    /// <param name="log">Where events of connections are told.</param>
    /// <param name="time">The clock of keepalive and of time limits.</param>
    public RpcServer(IReadOnlyList<RpcProgram<CallContext>> programs, IErrorMapper errors, RpcOptions options, ILogger<RpcServer> log, TimeProvider time)
    {
        Options = options;
        (_maxClients, _maxUnauthenticated) = ((uint)options.MaxClients, (uint)options.MaxUnauthenticatedClients);
        Log = log;
        Dispatcher = new RpcDispatcher(programs, errors, log);
        Time = time;
        KeepAlive = new KeepAlive(options, time);
    }

    /// <summary>Told how many clients there are whenever one comes or goes, in that order; must not wait.</summary>
    public event Action<int>? ClientsChanged;

    /// <summary>The clients that are connected now.</summary>
    public IEnumerable<ClientConnection> Clients => _connections.Keys.Select(connection => connection.Client);

    public ClientLimits Limits
    {
        get
        {
            lock (_gate)
            {
                return new(_maxClients, _clients, _maxUnauthenticated, _unauthenticated);
            }
        }
    }

    public CallLoad Load
    {
        get
        {
            var calls = _connections.Keys.Select(connection => connection.Calls).ToList();
            return new((uint)calls.Sum(each => each.Running), (uint)calls.Count(each => each.IsFull));
        }
    }

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

    /// <summary>Sets limits from now on; clients that are over them stay.</summary>
    /// <param name="max">Clients at one time; null: as before.</param>
    /// <param name="maxUnauthenticated">Clients at one time that have not authenticated yet, 0: as many as there may be clients; null: as before.</param>
    /// <returns>False, and nothing is changed, when there could be more unauthenticated clients than clients.</returns>
    public bool TrySetLimits(uint? max, uint? maxUnauthenticated)
    {
        lock (_gate)
        {
            var (clients, unauthenticated) = (max ?? _maxClients, maxUnauthenticated ?? _maxUnauthenticated);
            if (unauthenticated > clients)
            {
                return false;
            }

            (_maxClients, _maxUnauthenticated) = (clients, unauthenticated);
            MakeRoomLocked();
            return true;
        }
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
            while (await listener.AcceptAsync().ConfigureAwait(false) is { } transport)
            {
                if (await TryEnterAsync(mustAuthenticate).ConfigureAwait(false))
                {
                    Serve(transport, scheme, mustAuthenticate);
                }
                else
                {
                    await transport.DisposeAsync().ConfigureAwait(false);
                }
            }
        }
        catch (Exception exception)
        {
            Log.AcceptingFailed(exception, listener.Address);
        }
    }

    /// <summary>Counts a client as soon as the limits allow it; false when the server stops. Strangers that fill theirs keep nobody out who need not
    /// authenticate. One client of each listener waits here, the others in its socket.</summary>
    private async ValueTask<bool> TryEnterAsync(bool mustAuthenticate)
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

                if (_clients < _maxClients && (!mustAuthenticate || _maxUnauthenticated == 0 || _unauthenticated < _maxUnauthenticated))
                {
                    _clients++;
                    _unauthenticated += mustAuthenticate ? 1u : 0;
                    ClientsChanged?.Invoke((int)_clients);
                    return true;
                }

                Log.AcceptingPaused(_clients, _unauthenticated);
                _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                room = _room.Task;
            }

            await room.ConfigureAwait(false);
        }
    }

    private void Serve(ITransportConnection transport, AuthScheme scheme, bool mustAuthenticate)
    {
        var connection = new RpcConnection(this, transport, Interlocked.Increment(ref _lastId), scheme);
        Debug.Assert(connection.Client.IsAuthenticated != mustAuthenticate, "It is counted as what it is.");
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
            _unauthenticated -= connection.Client.IsAuthenticated ? 0 : 1u;
            ClientsChanged?.Invoke((int)_clients);
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
