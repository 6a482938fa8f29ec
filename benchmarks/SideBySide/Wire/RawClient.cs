using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.Benchmarks.SideBySide.Wire;

/// <summary>One blocking connection without a client library, so that what is measured is the daemon. Not thread safe.</summary>
internal sealed class RawClient : IDisposable
{
    private const uint RemoteProgramNumber = 0x20008086;
    private const int SerialOffset = 20;

    private readonly Socket _socket;
    private byte[] _buffer;
    private int _start;
    private int _end;
    private uint _serial;

    private RawClient(Endpoint endpoint, int bufferSize)
    {
        _socket = endpoint.Connect();
        _buffer = new byte[bufferSize];
    }

    /// <summary>Connects and goes through the start of every libvirt connection: AUTH_LIST, CONNECT_OPEN.</summary>
    public static RawClient Open(Endpoint endpoint, int bufferSize = 256 * 1024)
    {
        var client = new RawClient(endpoint, bufferSize);
        try
        {
            client.Call(RemoteProcedure.AuthList, default(XdrVoid));
            client.Call(RemoteProcedure.ConnectOpen, new ConnectOpenArgs(endpoint.Uri, 0));
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>A whole CALL packet, to be sent as often as wanted: <see cref="Send"/> puts a new serial in.</summary>
    public static byte[] Encode<TArgs>(RemoteProcedure procedure, in TArgs args)
        where TArgs : IXdrCodec<TArgs>
    {
        var output = new ArrayBufferWriter<byte>();
        MessageFraming.Write(output, new MessageHeader(RemoteProgramNumber, 1, (int)procedure, MessageType.Call, 0, MessageStatus.Ok), args);
        return output.WrittenSpan.ToArray();
    }

    public void Call<TArgs>(RemoteProcedure procedure, in TArgs args)
        where TArgs : IXdrCodec<TArgs> => Exchange(Encode(procedure, args));

    public TReply Call<TArgs, TReply>(RemoteProcedure procedure, in TArgs args)
        where TArgs : IXdrCodec<TArgs>
        where TReply : IXdrCodec<TReply>
    {
        var reader = new XdrReader(Exchange(Encode(procedure, args)));
        return TReply.Read(ref reader);
    }

    /// <summary>Sends a CALL packet and waits for the reply, whose payload stays valid until the next receive.</summary>
    /// <exception cref="RemoteCallException">The reply is an error.</exception>
    public ReadOnlySpan<byte> Exchange(byte[] packet)
    {
        Send(packet);
        return Receive(out _);
    }

    /// <summary>Sends a CALL packet and waits for the reply, be it an error.</summary>
    public void ExchangeAny(byte[] packet)
    {
        Send(packet);
        ReceiveAny(out _);
    }

    /// <summary>Sends a CALL packet under a new serial.</summary>
    public void Send(byte[] packet)
    {
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(SerialOffset), _serial++);
        SendAll(packet);
    }

    /// <summary>Sends bytes as they are: several packets at once, stream data.</summary>
    public void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }

    /// <summary>The next message's header and payload, which stays valid until the next receive.</summary>
    /// <exception cref="RemoteCallException">The message is an error.</exception>
    public ReadOnlySpan<byte> Receive(out MessageHeader header)
    {
        var payload = ReceiveAny(out header);
        return header.Status == MessageStatus.Error ? throw ErrorOf(payload) : payload;
    }

    /// <summary>The next message's header; its payload, of the returned length, is read and dropped without being copied together.</summary>
    /// <exception cref="RemoteCallException">The message is an error.</exception>
    public int ReceiveAndDrop(out MessageHeader header)
    {
        Fill(MessageFraming.PrefixSize);
        var reader = new XdrReader(_buffer.AsSpan(_start, MessageFraming.PrefixSize));
        var length = reader.ReadInt32();
        header = MessageHeader.Read(ref reader);
        if (header.Status == MessageStatus.Error)
        {
            Receive(out header);
        }

        var rest = length;
        while (rest > _end - _start)
        {
            rest -= _end - _start;
            _start = _end = 0;
            Fill(1);
        }

        _start += rest;
        return length - MessageFraming.PrefixSize;
    }

    /// <summary>Takes every whole reply that is there, waiting for at least one; their number.</summary>
    public int ReceiveReplies()
    {
        Receive(out _);
        var count = 1;
        while (_end - _start >= MessageFraming.PrefixSize && _end - _start >= BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start)))
        {
            Receive(out _);
            count++;
        }

        return count;
    }

    /// <summary>Whether a receive would find something.</summary>
    public bool HasInput => _end > _start || _socket.Poll(0, SelectMode.SelectRead);

    /// <summary>CONNECT_CLOSE, waits until the daemon has closed.</summary>
    public void Close()
    {
        Call(RemoteProcedure.ConnectClose, default(XdrVoid));
        while (_socket.Receive(_buffer) > 0)
        {
        }
    }

    public void Dispose() => _socket.Dispose();

    private static RemoteCallException ErrorOf(ReadOnlySpan<byte> payload)
    {
        var reader = new XdrReader(payload);
        var error = Error.Read(ref reader);
        return new RemoteCallException(error.Code, error.Domain, error.Message);
    }

    private ReadOnlySpan<byte> ReceiveAny(out MessageHeader header)
    {
        Fill(MessageFraming.PrefixSize);
        var length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start));
        Fill(length);
        var message = _buffer.AsSpan(_start, length);
        _start += length;
        var reader = new XdrReader(message[MessageFraming.LengthSize..]);
        header = MessageHeader.Read(ref reader);
        return message[MessageFraming.PrefixSize..];
    }

    /// <summary>Reads until the buffer holds that many bytes beyond its start, and whatever else is there.</summary>
    private void Fill(int count)
    {
        if (_end - _start >= count)
        {
            return;
        }

        if (_start + count > _buffer.Length)
        {
            var buffer = count > _buffer.Length ? new byte[count * 2] : _buffer;
            _buffer.AsSpan(_start, _end - _start).CopyTo(buffer);
            (_buffer, _end, _start) = (buffer, _end - _start, 0);
        }
        else if (_start == _end)
        {
            _start = _end = 0;
        }

        while (_end - _start < count)
        {
            var read = _socket.Receive(_buffer.AsSpan(_end));
            _end += read > 0 ? read : throw new EndOfStreamException("the daemon closed the connection");
        }
    }
}
