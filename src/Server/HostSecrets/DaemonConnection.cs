using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.Server.HostSecrets;

/// <summary>A connection to another daemon of the host, on its unix socket, for a few calls one after the other. For one caller at a time.</summary>
internal sealed class DaemonConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private uint _serial;

    private DaemonConnection()
    {
    }

    /// <summary>Null when no daemon listens there.</summary>
    /// <exception cref="SocketException">It cannot be reached: its socket is closed to this user.</exception>
    public static async ValueTask<DaemonConnection?> OpenAsync(string path, CancellationToken cancellation)
    {
        DaemonConnection connection = new();
        try
        {
            await connection._socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation).ConfigureAwait(false);
            return connection;
        }
        catch (SocketException nobody) when (nobody.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.ConnectionRefused)
        {
            connection.Dispose();
            return null;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Calls a procedure and waits for its reply.</summary>
    /// <exception cref="DaemonErrorException">The daemon answers with an error.</exception>
    /// <exception cref="IOException">The daemon has closed the connection, or what it sends is no reply.</exception>
    /// <exception cref="SocketException">The connection is gone.</exception>
    public async ValueTask<TReply> CallAsync<TArguments, TReply>(RemoteProcedure procedure, TArguments arguments, CancellationToken cancellation)
        where TArguments : IXdrCodec<TArguments>
        where TReply : IXdrCodec<TReply>
    {
        MessageHeader header = new(RemoteProgram.Number, RemoteProgram.Version, (int)procedure, MessageType.Call, _serial++, MessageStatus.Ok);
        ArrayBufferWriter<byte> message = new();
        MessageFraming.Write(message, header, arguments);
        for (ReadOnlyMemory<byte> rest = message.WrittenMemory; !rest.IsEmpty;)
        {
            rest = rest[await _socket.SendAsync(rest, cancellation).ConfigureAwait(false)..];
        }

        while (true)
        {
            var packet = await ReceiveAsync(cancellation).ConfigureAwait(false);
            if (Decode<TReply>(packet, header) is { } reply)
            {
                return reply.Value;
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Null for a packet that is not the reply, as an event or a keepalive message.</summary>
    private static Reply<T>? Decode<T>(byte[] packet, in MessageHeader call)
        where T : IXdrCodec<T>
    {
        XdrReader reader = new(packet);
        try
        {
            var header = MessageHeader.Read(ref reader);
            if (header.Type != MessageType.Reply || header.Program != call.Program || header.Serial != call.Serial)
            {
                return null;
            }

            if (header.Status == MessageStatus.Ok)
            {
                return new Reply<T>(T.Read(ref reader));
            }

            var error = Error.Read(ref reader);
            throw new DaemonErrorException(error.Code, error.Message ?? $"error {error.Code}");
        }
        catch (XdrFormatException exception)
        {
            throw new IOException($"the daemon's reply cannot be read: {exception.Message}", exception);
        }
    }

    private async ValueTask<byte[]> ReceiveAsync(CancellationToken cancellation)
    {
        var length = BinaryPrimitives.ReadUInt32BigEndian(await ReceiveAsync(MessageFraming.LengthSize, cancellation).ConfigureAwait(false));
        return length >= MessageFraming.PrefixSize && length <= MessageLimits.Default.MaxLength
            ? await ReceiveAsync((int)length - MessageFraming.LengthSize, cancellation).ConfigureAwait(false)
            : throw new IOException($"the daemon sends a message of {length} bytes");
    }

    private async ValueTask<byte[]> ReceiveAsync(int count, CancellationToken cancellation)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            var received = await _socket.ReceiveAsync(bytes.AsMemory(done), cancellation).ConfigureAwait(false);
            done += received > 0 ? received : throw new IOException("the daemon has closed the connection");
        }

        return bytes;
    }

    private readonly record struct Reply<T>(T Value);
}
