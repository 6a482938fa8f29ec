using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Programs;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.Server.Rpc;

/// <summary>One call of a client, from its dispatch to its reply.</summary>
public sealed class CallContext : ICallContext
{
    private readonly RpcConnection _connection;
    private readonly MessageHeader _header;
    private ServerStream? _stream;
    private byte[]? _encodedReply;
    private int _replied;

    internal CallContext(RpcConnection connection, ProcedureInfo procedure, in MessageHeader header)
    {
        _connection = connection;
        _header = header;
        Procedure = procedure;
    }

    public ClientConnection Client => _connection.Client;

    public ProcedureInfo Procedure { get; }

    public MessageHeader Header => _header;

    /// <summary>Cancelled when the connection has ended.</summary>
    public CancellationToken Aborted => _connection.Client.Closed;

    /// <summary>Opens a download with the call's successful reply; before the handler returns.</summary>
    public void AttachStream(IStreamSource download) => _stream = new DownloadStream(_connection, _header, Procedure, download);

    /// <summary>Opens an upload with the call's successful reply; before the handler returns.</summary>
    public void AttachStream(IStreamSink upload) => _stream = new UploadStream(_connection, _header, Procedure, upload);

    /// <summary>Replies with a payload that is kept ready, in place of what the handler will return; before the handler returns.</summary>
    /// <param name="payload">Never changed again.</param>
    public void UseReply(byte[] payload) => _encodedReply = payload;

    public void Reply<T>(in T body)
        where T : IXdrCodec<T>
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _replied) != 0, this);
        var stream = _stream;
        if (stream is not null)
        {
            _connection.Streams.Add(stream);
        }

        var header = _header with { Type = MessageType.Reply, Status = MessageStatus.Ok };
        if (_encodedReply is null)
        {
            _connection.Output.Enqueue(header, body);
        }
        else
        {
            _connection.Output.Enqueue(header, _encodedReply);
        }

        Replied();
        stream?.Start();
    }

    internal void ReplyError(RemoteError error)
    {
        _stream?.Drop();
        _connection.Output.Enqueue(_header with { Type = MessageType.Reply, Status = MessageStatus.Error }, error.ToWire());
        Replied();
    }

    private void Replied()
    {
        Volatile.Write(ref _replied, 1);
        _connection.Output.Flush();
        if (Client.IsCloseRequested)
        {
            _connection.StopReading();
        }
    }
}
