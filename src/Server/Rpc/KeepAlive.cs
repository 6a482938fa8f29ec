using System.Collections.Concurrent;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.KeepAlive;

namespace Cistern.Server.Rpc;

/// <summary>One clock for all connections: each tick they count how long nothing came. It runs while a client has asked for it.</summary>
internal sealed class KeepAlive : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<RpcConnection, byte> _connections = new();
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private readonly int _interval;
    private readonly int _count;

    public KeepAlive(RpcOptions options, TimeProvider time)
    {
        _interval = (int)Math.Ceiling(options.KeepAliveInterval / Tick);
        _count = options.KeepAliveCount;
        _timer = time.CreateTimer(static self => ((KeepAlive)self!).OnTick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public static MessageHeader Message(KeepAliveProcedure procedure) =>
        new(KeepAliveConstants.Program, KeepAliveConstants.ProtocolVersion, (int)procedure, MessageType.Message, 0, MessageStatus.Ok);

    public static bool IsPing(in MessageHeader header) =>
        header is
        {
            Program: KeepAliveConstants.Program,
            Version: KeepAliveConstants.ProtocolVersion,
            Procedure: (int)KeepAliveProcedure.Ping,
            Type: MessageType.Message,
        };

    public void Add(RpcConnection connection)
    {
        if (_interval <= 0 || !_connections.TryAdd(connection, 0))
        {
            return;
        }

        lock (_gate)
        {
            _timer.Change(Tick, Tick);
        }
    }

    public void Remove(RpcConnection connection)
    {
        if (!_connections.TryRemove(connection, out _))
        {
            return;
        }

        lock (_gate)
        {
            if (_connections.IsEmpty)
            {
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    public void Dispose() => _timer.Dispose();

    private void OnTick()
    {
        foreach (var (connection, _) in _connections)
        {
            connection.OnQuietTick(_interval, _count);
        }
    }
}
