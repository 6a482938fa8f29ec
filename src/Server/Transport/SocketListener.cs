using System.Buffers.Binary;
using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cistern.Server.Auth;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Transport;

/// <summary>A listening unix or TCP socket.</summary>
public sealed class SocketListener : ITransportListener, IPolledSocket
{
    private const int Backlog = 1024;
    private const int AddressSize = 128;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly SocketPoller _poller;
    private readonly Socket _socket;
    private readonly Func<SocketHandle, ReadOnlySpan<byte>, ClientIdentity?> _identify;
    private readonly ILogger _log;
    private readonly AsyncSignal _acceptable = new();
    private readonly long _registration;
    private volatile bool _isClosed;

    private SocketListener(
        SocketPoller poller, Socket socket, string address, Func<SocketHandle, ReadOnlySpan<byte>, ClientIdentity?> identify, ILogger log)
    {
        _poller = poller;
        _socket = socket;
        _identify = identify;
        _log = log;
        Address = address;
        socket.Listen(Backlog);
        socket.Blocking = false;
        _registration = poller.Register(socket.SafeHandle, this);
    }

    public string Address { get; }

    /// <summary>Where a TCP listener listens, with the port that it got.</summary>
    public IPEndPoint? TcpEndPoint => _socket.LocalEndPoint as IPEndPoint;

    /// <summary>Listens on a unix socket; a file that a server left behind is replaced.</summary>
    /// <param name="poller">Whose threads serve it.</param>
    /// <param name="path">Its file.</param>
    /// <param name="mode">Who may connect.</param>
    /// <param name="isReadOnly">Whether its clients may only look.</param>
    /// <param name="log">Where refused clients are told of.</param>
    /// <param name="group">The group of its file; null: the server's own.</param>
    /// <param name="readsStartTimes">Whether it matters when the process of a client started.</param>
    /// <exception cref="SocketException">Another server listens there, or the file cannot be made.</exception>
    /// <exception cref="Win32Exception">The file cannot be given to the group.</exception>
    public static SocketListener BindUnix(SocketPoller poller, string path, UnixFileMode mode, bool isReadOnly, ILogger log, uint? group = null, bool readsStartTimes = true)
    {
        RemoveAbandoned(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            SocketFile.SetAccess(path, mode, group);
            return ServeUnix(poller, socket, path, isReadOnly, log, readsStartTimes);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Serves a unix socket that is bound already; its file is its owner's.</summary>
    public static SocketListener ServeUnix(SocketPoller poller, Socket socket, string path, bool isReadOnly, ILogger log, bool readsStartTimes = true) =>
        new(poller, socket, path, (peer, _) => PeerCredentials.Of(peer, path, isReadOnly, readsStartTimes), log);

    /// <summary>Listens for clients on this machine that need no authentication: <paramref name="gate"/> says which.</summary>
    /// <exception cref="ArgumentException">The address is not a loopback address.</exception>
    /// <exception cref="SocketException">The port is taken.</exception>
    public static SocketListener BindLoopback(SocketPoller poller, IPEndPoint endPoint, LoopbackGate gate, ILogger log)
    {
        RequireLoopback(endPoint);
        return BindTcp(endPoint, socket => ServeLoopback(poller, socket, gate, log));
    }

    /// <summary>As <see cref="BindLoopback"/>, on a socket that is bound already.</summary>
    /// <exception cref="ArgumentException">Its address is not a loopback address.</exception>
    public static SocketListener ServeLoopback(SocketPoller poller, Socket socket, LoopbackGate gate, ILogger log)
    {
        RequireLoopback((IPEndPoint)socket.LocalEndPoint!);
        return ServeTcp(poller, socket, (peer, local) => gate.Admit(peer, local) is { } user ? new ClientIdentity(TransportKind.Tcp, peer.ToString(), UserId: user) : null, log);
    }

    /// <summary>Listens for clients from anywhere, who have to authenticate.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public static SocketListener BindTcp(SocketPoller poller, IPEndPoint endPoint, ILogger log) => BindTcp(endPoint, socket => ServeTcp(poller, socket, log));

    /// <summary>As <see cref="BindTcp(SocketPoller, IPEndPoint, ILogger)"/>, on a socket that is bound already.</summary>
    public static SocketListener ServeTcp(SocketPoller poller, Socket socket, ILogger log) =>
        ServeTcp(poller, socket, (peer, _) => new ClientIdentity(TransportKind.Tcp, peer.ToString()), log);

    private static void RequireLoopback(IPEndPoint endPoint)
    {
        if (!IPAddress.IsLoopback(endPoint.Address))
        {
            throw new ArgumentException($"without authentication only a loopback address can be served, not {endPoint.Address}", nameof(endPoint));
        }
    }

    private static SocketListener BindTcp(IPEndPoint endPoint, Func<Socket, SocketListener> serve)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(endPoint);
            return serve(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sets how many clients may wait to be accepted; at first <see cref="Backlog"/>.</summary>
    public void SetQueue(int clients) => _socket.Listen(clients);

    private static SocketListener ServeTcp(SocketPoller poller, Socket socket, Func<IPEndPoint, IPEndPoint, ClientIdentity?> identify, ILogger log)
    {
        // Accepted sockets inherit it.
        socket.NoDelay = true;
        var local = (IPEndPoint)socket.LocalEndPoint!;
        return new SocketListener(poller, socket, local.ToString(), (_, address) => identify(EndPointIn(address), local), log);
    }

    public async ValueTask<ITransportConnection?> AcceptAsync()
    {
        while (!_isClosed)
        {
            if (TryAccept(out var connection, out var error))
            {
                if (connection is not null)
                {
                    return connection;
                }
            }
            else if (error == LinuxSockets.EAGAIN)
            {
                await _acceptable.WaitAsync().ConfigureAwait(false);
            }
            else if (error is not (LinuxSockets.EINTR or LinuxSockets.ECONNABORTED or LinuxSockets.EPROTO))
            {
                _log.AcceptFailed(Address, error, RetryDelay);
                await Task.Delay(RetryDelay).ConfigureAwait(false);
            }
        }

        return null;
    }

    public void Close()
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        _poller.Unregister(_socket.SafeHandle, _registration);

        // Removes the file of a unix socket, too.
        _socket.Dispose();
        _acceptable.Signal();
    }

    public ValueTask DisposeAsync()
    {
        Close();
        return default;
    }

    void IPolledSocket.OnReady(uint events) => _acceptable.Signal();

    /// <returns>False when the system gave no client; a client that is refused is no connection, but was one.</returns>
    private unsafe bool TryAccept(out SocketConnection? connection, out int error)
    {
        connection = null;
        error = 0;
        var address = stackalloc byte[AddressSize];
        var length = AddressSize;
        int descriptor;
        try
        {
            descriptor = LinuxSockets.Accept(_socket.SafeHandle, address, &length, LinuxSockets.SockNonBlock | LinuxSockets.SockCloExec);
        }
        catch (ObjectDisposedException)
        {
            // Closed since the caller looked.
            return true;
        }

        if (descriptor < 0)
        {
            error = Marshal.GetLastPInvokeError();
            return false;
        }

        var handle = new SocketHandle(descriptor);
        try
        {
            connection = _identify(handle, new ReadOnlySpan<byte>(address, Math.Min(length, AddressSize))) is { } peer
                ? new SocketConnection(_poller, handle, peer)
                : null;
        }
        catch (Win32Exception exception)
        {
            // The kernel's limit of watched files is reached.
            error = exception.NativeErrorCode;
        }

        if (connection is null)
        {
            handle.Dispose();
        }

        return error == 0;
    }

    /// <summary>struct sockaddr_in or sockaddr_in6.</summary>
    private static IPEndPoint EndPointIn(ReadOnlySpan<byte> address)
    {
        const ushort InterNetwork = 2;
        var port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        return new IPEndPoint(new IPAddress(MemoryMarshal.Read<ushort>(address) == InterNetwork ? address.Slice(4, 4) : address.Slice(8, 16)), port);
    }

    private static void RemoveAbandoned(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
        }
    }
}
