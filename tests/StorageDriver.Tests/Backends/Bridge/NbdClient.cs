using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Cistern.Storage.Tests.Backends.Bridge;

/// <summary>A client that says whatever a test wants.</summary>
internal sealed class NbdClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
    {
        ReceiveTimeout = (int)Patience.TotalMilliseconds,
    };

    public NbdClient(string path) => _socket.Connect(new UnixDomainSocketEndPoint(path));

    /// <summary>A client that is done with the greeting.</summary>
    public static NbdClient Greeted(string path, uint flags = 3)
    {
        NbdClient client = new(path);
        Assert.Equal("NBDMAGICIHAVEOPT", Encoding.ASCII.GetString(client.Read(16)));
        Assert.Equal(3, client.Read16());
        client.Write32(flags);
        return client;
    }

    /// <summary>A client that is being served, as <c>go</c> has it.</summary>
    public static NbdClient Served(string path)
    {
        NbdClient client = Greeted(path);
        client.WriteOption(7, Go(""));
        while (client.ReadOptionReply() is var (reply, _) && reply != 1)
        {
            Assert.Equal(3u, reply);
        }

        return client;
    }

    /// <summary>What goes with the options info and go.</summary>
    public static byte[] Go(string export) => [.. Text(export), 0, 0];

    public static byte[] Text(string text)
    {
        byte[] bytes = new byte[4 + Encoding.UTF8.GetByteCount(text)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, bytes.Length - 4);
        Encoding.UTF8.GetBytes(text, bytes.AsSpan(4));
        return bytes;
    }

    public void WriteOption(uint option, params ReadOnlySpan<byte> data)
    {
        Write("IHAVEOPT"u8);
        Write32(option);
        Write32((uint)data.Length);
        Write(data);
    }

    public (uint Reply, byte[] Data) ReadOptionReply()
    {
        Assert.Equal(0x0003e889045565a9u, BinaryPrimitives.ReadUInt64BigEndian(Read(8)));
        Read32();
        uint reply = Read32();
        return (reply, Read((int)Read32()));
    }

    public void WriteRequest(ushort command, ulong offset, uint length, params ReadOnlySpan<byte> data)
    {
        byte[] request = new byte[28];
        BinaryPrimitives.WriteUInt32BigEndian(request, 0x25609513);
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(6), command);
        BinaryPrimitives.WriteUInt64BigEndian(request.AsSpan(8), 77);
        BinaryPrimitives.WriteUInt64BigEndian(request.AsSpan(16), offset);
        BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(24), length);
        Write(request);
        Write(data);
    }

    /// <summary>The error number of a simple reply.</summary>
    public uint ReadReply()
    {
        Assert.Equal(0x67446698u, Read32());
        uint error = Read32();
        Assert.Equal(77u, BinaryPrimitives.ReadUInt64BigEndian(Read(8)));
        return error;
    }

    public void Write(params ReadOnlySpan<byte> data)
    {
        if (!data.IsEmpty)
        {
            Assert.Equal(data.Length, _socket.Send(data));
        }
    }

    public void Write32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Write(bytes);
    }

    public byte[] Read(int length)
    {
        byte[] bytes = new byte[length];
        for (int filled = 0; filled < length;)
        {
            int read = _socket.Receive(bytes.AsSpan(filled));
            Assert.NotEqual(0, read);
            filled += read;
        }

        return bytes;
    }

    public uint Read32() => BinaryPrimitives.ReadUInt32BigEndian(Read(4));

    /// <summary>Whether the server has hung up.</summary>
    public bool IsEnded()
    {
        try
        {
            return _socket.Receive(new byte[1]) == 0;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            return true;
        }
    }

    public void Dispose() => _socket.Dispose();

    private int Read16() => BinaryPrimitives.ReadUInt16BigEndian(Read(2));
}
