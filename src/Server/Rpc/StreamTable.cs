using System.Diagnostics.CodeAnalysis;
using Cistern.RemoteProtocol.Framing;

namespace Cistern.Server.Rpc;

/// <summary>The open streams of a connection, by the call that opened them.</summary>
internal sealed class StreamTable(int max)
{
    private readonly Lock _gate = new();
    private Dictionary<(uint Program, int Procedure, uint Serial), ServerStream>? _streams;
    private bool _closed;

    /// <exception cref="RpcException">39/7: the serial is in use, there are too many, or the connection has ended.</exception>
    public void Add(ServerStream stream)
    {
        lock (_gate)
        {
            _streams ??= [];
            if (_closed || _streams.Count >= max || !_streams.TryAdd(KeyOf(stream.Call), stream))
            {
                throw RpcException.Protocol(_streams.Count >= max ? $"more than {max} open streams" : "a stream with this serial is open");
            }
        }
    }

    public bool TryGet(in MessageHeader header, [NotNullWhen(true)] out ServerStream? stream)
    {
        lock (_gate)
        {
            stream = null;
            return _streams?.TryGetValue(KeyOf(header), out stream) == true;
        }
    }

    public void Remove(ServerStream stream)
    {
        lock (_gate)
        {
            _streams?.Remove(KeyOf(stream.Call));
        }
    }

    /// <summary>Ends all streams; no more can be added.</summary>
    public void Close()
    {
        ServerStream[] open;
        lock (_gate)
        {
            _closed = true;
            open = _streams is null ? [] : [.. _streams.Values];
            _streams = null;
        }

        foreach (var stream in open)
        {
            stream.Drop();
        }
    }

    private static (uint Program, int Procedure, uint Serial) KeyOf(in MessageHeader header) => (header.Program, header.Procedure, header.Serial);
}
