using System.Buffers.Binary;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Bridge;

/// <summary>One client's connection to a bridge: numbers in network order, and bytes. Its calls block: for the bridge's own thread.</summary>
internal sealed class BridgeStream(SafeFileHandle socket)
{
    private const int SkipSize = 4096;

    public ushort ReadUInt16()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        Read(bytes);
        return BinaryPrimitives.ReadUInt16BigEndian(bytes);
    }

    public uint ReadUInt32()
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        Read(bytes);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    public ulong ReadUInt64()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        Read(bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    /// <summary>Fills the buffer.</summary>
    /// <exception cref="EndOfStreamException">The client left.</exception>
    public void Read(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            long read = UnixSocketCalls.Receive(socket, buffer);
            if (read == -Errno.Interrupted)
            {
                continue;
            }

            buffer = read > 0 ? buffer[(int)read..] : throw new EndOfStreamException();
        }
    }

    /// <summary>Reads bytes that nobody wants.</summary>
    /// <exception cref="EndOfStreamException">The client left.</exception>
    public void Skip(uint length)
    {
        Span<byte> buffer = stackalloc byte[SkipSize];
        for (uint rest = length; rest > 0; rest -= (uint)Math.Min(rest, SkipSize))
        {
            Read(buffer[..(int)Math.Min(rest, SkipSize)]);
        }
    }

    /// <summary>Writes all of it.</summary>
    /// <exception cref="EndOfStreamException">The client left.</exception>
    public void Write(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            long written = UnixSocketCalls.Send(socket, data);
            if (written == -Errno.Interrupted)
            {
                continue;
            }

            data = written > 0 ? data[(int)written..] : throw new EndOfStreamException();
        }
    }
}
