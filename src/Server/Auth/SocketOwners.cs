using System.Buffers.Binary;
using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cistern.Server.Transport;

namespace Cistern.Server.Auth;

/// <summary>Asks the kernel for exactly one TCP socket (sock_diag(7), a look-up and not a dump).</summary>
public sealed class SocketOwners : IDisposable
{
    private const int NetlinkFamily = 16;
    private const int RawSocket = 3;
    private const int SockDiagProtocol = 4;
    private const ushort DiagByFamily = 20;
    private const ushort RequestFlag = 1;
    private const byte InterNetwork = 2;
    private const byte InterNetworkV6 = 10;
    private const int NetlinkHeaderSize = 16;
    private const int RequestSize = NetlinkHeaderSize + 56;
    private const int ReplySize = NetlinkHeaderSize + 72;

    /// <summary>struct inet_diag_sockid: ports, addresses, interface, cookie.</summary>
    private const int SocketIdOffset = NetlinkHeaderSize + 8;
    private const int ReplySocketIdOffset = NetlinkHeaderSize + 4;
    private const int UserOffset = NetlinkHeaderSize + 64;
    private const int InodeOffset = NetlinkHeaderSize + 68;

    private readonly Lock _gate = new();
    private readonly SocketHandle _netlink = LinuxSockets.Create(NetlinkFamily, RawSocket | LinuxSockets.SockCloExec, SockDiagProtocol);
    private uint _sequence;

    /// <summary>Finds the socket with this end of a connection; an IPv4 address in IPv6 clothes is an IPv4 address.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="Win32Exception">The kernel cannot be asked.</exception>
    public SocketOwner? Find(IPEndPoint local, IPEndPoint remote)
    {
        lock (_gate)
        {
            Span<byte> request = stackalloc byte[RequestSize];
            WriteRequest(request, ++_sequence, local, remote);
            Send(request);
            Span<byte> reply = stackalloc byte[4096];
            while (true)
            {
                var answer = reply[..Receive(reply)];
                if (answer.Length >= NetlinkHeaderSize && MemoryMarshal.Read<uint>(answer[8..]) == _sequence)
                {
                    return OwnerIn(answer, local, remote);
                }
            }
        }
    }

    public void Dispose() => _netlink.Dispose();

    /// <summary>Without a connected socket the kernel offers one that listens on the port: its far end is another.</summary>
    private static SocketOwner? OwnerIn(ReadOnlySpan<byte> answer, IPEndPoint local, IPEndPoint remote)
    {
        if (MemoryMarshal.Read<ushort>(answer[4..]) != DiagByFamily || answer.Length < ReplySize)
        {
            return null;
        }

        var addressSize = answer[NetlinkHeaderSize] == InterNetwork ? 4 : 16;
        var id = answer[ReplySocketIdOffset..];
        return IsAt(local, id, id.Slice(4, addressSize)) && IsAt(remote, id[2..], id.Slice(20, addressSize))
            ? new SocketOwner(MemoryMarshal.Read<uint>(answer[UserOffset..]), MemoryMarshal.Read<uint>(answer[InodeOffset..]))
            : null;
    }

    private static bool IsAt(IPEndPoint endPoint, ReadOnlySpan<byte> port, ReadOnlySpan<byte> address) =>
        BinaryPrimitives.ReadUInt16BigEndian(port) == endPoint.Port && Plain(new IPAddress(address)).Equals(Plain(endPoint.Address));

    private static void WriteRequest(Span<byte> request, uint sequence, IPEndPoint local, IPEndPoint remote)
    {
        const byte Tcp = 6;
        var (from, to) = (Plain(local.Address), Plain(remote.Address));
        request.Clear();
        MemoryMarshal.Write(request, RequestSize);
        MemoryMarshal.Write(request[4..], DiagByFamily);
        MemoryMarshal.Write(request[6..], RequestFlag);
        MemoryMarshal.Write(request[8..], sequence);
        var diag = request[NetlinkHeaderSize..];
        diag[0] = (byte)(from.AddressFamily == AddressFamily.InterNetwork ? InterNetwork : InterNetworkV6);
        diag[1] = Tcp;
        diag.Slice(4, sizeof(uint)).Fill(byte.MaxValue);
        var id = request[SocketIdOffset..];
        BinaryPrimitives.WriteUInt16BigEndian(id, (ushort)local.Port);
        BinaryPrimitives.WriteUInt16BigEndian(id[2..], (ushort)remote.Port);
        from.TryWriteBytes(id[4..], out _);
        to.TryWriteBytes(id[20..], out _);
        id[40..48].Fill(byte.MaxValue);
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private unsafe void Send(ReadOnlySpan<byte> request)
    {
        fixed (byte* start = request)
        {
            if (LinuxSockets.Send(_netlink, start, request.Length, 0) != request.Length)
            {
                throw new Win32Exception(Marshal.GetLastPInvokeError());
            }
        }
    }

    private unsafe int Receive(Span<byte> reply)
    {
        fixed (byte* start = reply)
        {
            var count = (int)LinuxSockets.Receive(_netlink, start, reply.Length, 0);
            return count >= 0 ? count : throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }
}
