using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.KeepAlive;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.Server.Tests.Support;

/// <summary>A client that sends and reads packets as they are.</summary>
public sealed class RawClient : IDisposable
{
    /// <summary>A test that waits this long has failed.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Socket _socket;
    private uint _serial;

    private RawClient(Socket socket) => _socket = socket;

    public static RawClient Connect(EndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(endPoint);
        return new RawClient(socket);
    }

    public static RawClient Connect(string path) => Connect(new UnixDomainSocketEndPoint(path));

    public static MessageHeader Header(int procedure, MessageType type, uint serial, MessageStatus status = MessageStatus.Ok) =>
        new(RemoteProgram.Number, RemoteProgram.Version, procedure, type, serial, status);

    public static byte[] Bytes(in MessageHeader header, ReadOnlySpan<byte> payload)
    {
        var bytes = new byte[MessageFraming.PrefixSize + payload.Length];
        MessageFraming.WriteHeader(bytes, header, payload.Length);
        payload.CopyTo(bytes.AsSpan(MessageFraming.PrefixSize));
        return bytes;
    }

    public static byte[] Encode<T>(in T body)
        where T : IXdrCodec<T>
    {
        var bytes = new byte[body.XdrSize];
        var writer = new XdrWriter(bytes);
        body.Write(ref writer);
        return bytes;
    }

    public void SendRaw(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }

    public void Send(in MessageHeader header, ReadOnlySpan<byte> payload = default) => SendRaw(Bytes(header, payload));

    /// <returns>The call's serial.</returns>
    public uint Call(int procedure, ReadOnlySpan<byte> payload = default)
    {
        Send(Header(procedure, MessageType.Call, _serial), payload);
        return _serial++;
    }

    public uint Call(int procedure, uint word) => Call(procedure, Encode(new Word(word)));

    public void Ping() => Send(KeepAliveHeader(KeepAliveProcedure.Ping));

    public static MessageHeader KeepAliveHeader(KeepAliveProcedure procedure) =>
        new(KeepAliveConstants.Program, KeepAliveConstants.ProtocolVersion, (int)procedure, MessageType.Message, 0, MessageStatus.Ok);

    public void Stream(int procedure, uint serial, MessageStatus status, ReadOnlySpan<byte> payload = default) =>
        Send(Header(procedure, MessageType.Stream, serial, status), payload);

    public void Hole(int procedure, uint serial, long length) =>
        Send(Header(procedure, MessageType.StreamHole, serial, MessageStatus.Continue), Encode(new StreamHole(length, 0)));

    public async Task<Packet> ReadAsync()
    {
        var packet = await TryReadAsync();
        Assert.NotNull(packet);
        return packet;
    }

    public async Task<Packet> AskAsync(int procedure, uint word = 0)
    {
        var serial = Call(procedure, word);
        var reply = await ReadAsync();
        Assert.Equal((procedure, serial), (reply.Header.Procedure, reply.Header.Serial));
        return reply;
    }

    public async Task OpenAsync() => Assert.Equal(MessageStatus.Ok, (await AskAsync(TestProgram.Open)).Header.Status);

    /// <summary>The next packet is the answer to this harmless call: nothing else came before it.</summary>
    public async Task NothingElseCameAsync()
    {
        var reply = await AskAsync(TestProgram.Echo, 4711);
        Assert.Equal(4711u, reply.Word);
    }

    /// <summary>The server closes without another packet.</summary>
    public async Task ServerClosesAsync() => Assert.Null(await TryReadAsync());

    /// <summary>Bytes as they come; null when the server closes before.</summary>
    public Task<byte[]?> ReadRawAsync(int count) => ReadExactlyAsync(count);

    public void ShutdownWrites() => _socket.Shutdown(SocketShutdown.Send);

    public void Dispose() => _socket.Dispose();

    private async Task<Packet?> TryReadAsync()
    {
        var length = await ReadExactlyAsync(MessageFraming.LengthSize);
        if (length is null)
        {
            return null;
        }

        var rest = await ReadExactlyAsync(BinaryPrimitives.ReadInt32BigEndian(length) - MessageFraming.LengthSize);
        Assert.NotNull(rest);
        return new Packet(DecodeHeader(rest), rest[24..]);
    }

    private static MessageHeader DecodeHeader(byte[] bytes)
    {
        var reader = new XdrReader(bytes);
        return MessageHeader.Read(ref reader);
    }

    private async Task<byte[]?> ReadExactlyAsync(int count)
    {
        using var patience = new CancellationTokenSource(Patience);
        var bytes = new byte[count];
        var done = 0;
        while (done < count)
        {
            try
            {
                var read = await _socket.ReceiveAsync(bytes.AsMemory(done), patience.Token);
                if (read == 0)
                {
                    return null;
                }

                done += read;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
            {
                return null;
            }
        }

        return bytes;
    }
}
