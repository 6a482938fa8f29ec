using System.Net;
using System.Net.Sockets;

namespace Cistern.Benchmarks.SideBySide.Wire;

/// <summary>Where a daemon listens, and the URI it is asked to open.</summary>
internal sealed record Endpoint(EndPoint Address, string Uri)
{
    public static Endpoint Unix(string path, string uri) => new(new UnixDomainSocketEndPoint(path), uri);

    public static Endpoint Tcp(int port, string uri) => new(new IPEndPoint(IPAddress.Loopback, port), uri);

    /// <exception cref="SocketException">Nobody listens there (yet).</exception>
    public Socket Connect()
    {
        var unix = Address is UnixDomainSocketEndPoint;
        var socket = new Socket(Address.AddressFamily, SocketType.Stream, unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        try
        {
            if (!unix)
            {
                socket.NoDelay = true;
            }

            socket.Connect(Address);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
