using System.Net;
using System.Net.Sockets;
using Cistern.Server.Auth;
using Cistern.Server.Hosting.Systemd;
using Cistern.Server.Rpc;
using Cistern.Server.Transport;
using Cistern.Server.Transport.Tls;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Hosting;

/// <summary>Opens the sockets that the options ask for.</summary>
/// <param name="rpc">Serves the clients of all sockets but the administrators'.</param>
/// <param name="admin">Serves administrators.</param>
internal sealed class Listeners(
    ServerOptions options, RpcServer rpc, RpcServer admin, SocketPoller poller, SocketOwners owners, ILogger log, StartReport report)
{
    /// <summary>Serves TLS; null: nothing does.</summary>
    public TlsServer? Tls { get; private set; }

    /// <summary>Whether a listener's clients have to authenticate with SASL.</summary>
    public static bool NeedSasl(ServerOptions options)
    {
        var auth = options.Auth;
        return auth.UnixReadWrite == AuthScheme.Sasl || auth.UnixReadOnly == AuthScheme.Sasl || auth.Tls == AuthScheme.Sasl || auth.Tcp == AuthScheme.Sasl
            || (auth.Tcp is null && (ListensForTcp(options) || options.Activated.Any(socket => socket.Socket.AddressFamily != AddressFamily.Unix)));
    }

    /// <exception cref="IOException">An address cannot be listened on, or a TLS file cannot be used; it is named.</exception>
    /// <exception cref="ArgumentException">An address that others reach was to be served without authentication.</exception>
    public void Open()
    {
        if (options.Activated.Count > 0)
        {
            OpenActivated();
            return;
        }

        OpenUnix();
        if (options.Tcp is { } tcp)
        {
            OpenTcp(tcp, options.Auth.Tcp ?? AuthScheme.None);
        }

        if (options.Tls is { } tls)
        {
            OpenTls(tls);
        }

        if (ListensForTcp(options))
        {
            Configured(options.Network.TcpPort).ForEach(endPoint => OpenTcp(endPoint, options.Auth.Tcp ?? AuthScheme.Sasl));
        }

        if (options.ListensAsConfigured && options.Network.ListensForTls)
        {
            Configured(options.Network.TlsPort).ForEach(OpenTls);
        }

        report.HowToConnect();
    }

    public static bool ListensForTcp(ServerOptions options) => options.ListensAsConfigured && options.Network.ListensForTcp;

    /// <summary>As with libvirtd, what was handed over is all that is served.</summary>
    private void OpenActivated()
    {
        if (options.Tcp is not null || options.Tls is not null || options.ListensAsConfigured)
        {
            throw new ArgumentException("--listen, --tcp and --tls are not for a server whose sockets are handed over: enable the socket units for TCP and TLS instead");
        }

        // All of them are known before the first is served.
        var purposes = options.Activated.Select(socket => socket.Purpose(options.Network)).ToArray();
        foreach (var (activated, purpose) in options.Activated.Zip(purposes))
        {
            ServeActivated(activated.Socket, purpose);
        }

        report.HowToConnect();
    }

    private void ServeActivated(Socket socket, SocketPurpose purpose)
    {
        var path = socket.LocalEndPoint!.ToString()!;
        switch (purpose)
        {
            case SocketPurpose.Unix or SocketPurpose.UnixReadOnly:
                var isReadOnly = purpose == SocketPurpose.UnixReadOnly;
                rpc.Start(SocketListener.ServeUnix(poller, socket, path, isReadOnly, log, options.AsksPolkit), isReadOnly ? options.Auth.UnixReadOnly : options.Auth.UnixReadWrite);
                report.Unix(path);
                break;
            case SocketPurpose.Tcp:
                ServeTcp(socket, options.Auth.Tcp ?? AuthScheme.Sasl);
                break;
            case SocketPurpose.Tls:
                ServeTls(socket);
                break;
            case SocketPurpose.Admin:
                StartAdmin(SocketListener.ServeUnix(poller, socket, path, isReadOnly: false, log, readsStartTimes: false), path);
                break;
        }
    }

    private void OpenUnix()
    {
        uint? group = options.UnixSockets.Group is { Length: > 0 } name ? SystemGroup.Find(name) : null;
        foreach (var socket in UnixSocket.Of(options))
        {
            var listener = SocketListener.BindUnix(poller, socket.Path, socket.Mode, socket.IsReadOnly, log, group, options.AsksPolkit);
            listener.SetQueue(options.MaxQueuedClients);
            rpc.Start(listener, socket.Scheme);
            report.Unix(socket.Path);
        }

        var path = options.Folders.AdminSocket;
        var adminListener = SocketListener.BindUnix(poller, path, options.UnixSockets.Admin, isReadOnly: false, log, group, readsStartTimes: false);
        adminListener.SetQueue(options.Admin.MaxQueuedClients);
        StartAdmin(adminListener, path);
    }

    private void StartAdmin(SocketListener listener, string path)
    {
        admin.Start(new GatedListener(listener, new AdminGate(CurrentUser.EffectiveId, log).Admits));
        report.Unix(path);
    }

    private void OpenTcp(IPEndPoint wanted, AuthScheme scheme)
    {
        StartTcp(
            Bind(wanted, endPoint =>
                scheme == AuthScheme.None ? SocketListener.BindLoopback(poller, endPoint, Gate(), log) : SocketListener.BindTcp(poller, endPoint, log)),
            scheme,
            wanted);
    }

    private void ServeTcp(Socket socket, AuthScheme scheme)
    {
        var listener = scheme == AuthScheme.None ? SocketListener.ServeLoopback(poller, socket, Gate(), log) : SocketListener.ServeTcp(poller, socket, log);
        StartTcp(listener, scheme, listener.TcpEndPoint!);
    }

    private void StartTcp(SocketListener listener, AuthScheme scheme, IPEndPoint wanted)
    {
        rpc.Start(scheme == AuthScheme.None ? listener : new WrappingListener(listener, inner => new ProtectableConnection(inner)), scheme);
        report.Tcp(listener.TcpEndPoint!, wanted);
    }

    private LoopbackGate Gate() => new(owners, CurrentUser.EffectiveId, log);

    private void OpenTls(IPEndPoint wanted)
    {
        // The files before the port: what cannot be served is not listened on.
        MakeTls();
        StartTls(Bind(wanted, endPoint => SocketListener.BindTcp(poller, endPoint, log)), wanted);
    }

    private void ServeTls(Socket socket)
    {
        MakeTls();
        var listener = SocketListener.ServeTcp(poller, socket, log);
        StartTls(listener, listener.TcpEndPoint!);
    }

    private TlsServer MakeTls() => Tls ??= new TlsServer(options.TlsOptions, TimeProvider.System, log);

    private void StartTls(SocketListener listener, IPEndPoint wanted)
    {
        rpc.Start(MakeTls().Over(listener), options.Auth.Tls);
        report.Tls(listener.TcpEndPoint!, wanted);
    }

    private SocketListener Bind(IPEndPoint wanted, Func<IPEndPoint, SocketListener> bind)
    {
        var listener = BindFree(wanted, bind);
        listener.SetQueue(options.MaxQueuedClients);
        return listener;
    }

    private SocketListener BindFree(IPEndPoint wanted, Func<IPEndPoint, SocketListener> bind)
    {
        try
        {
            return bind(wanted);
        }
        catch (SocketException taken) when (options.AnyPortWhenTaken && taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return bind(new IPEndPoint(wanted.Address, 0));
        }
        catch (SocketException failed)
        {
            throw new IOException($"cannot listen on {wanted}: {failed.Message}", failed);
        }
    }

    private List<IPEndPoint> Configured(int port) => Configured(options.Network, port);

    /// <summary>The addresses of <c>listen_addr</c>, or all.</summary>
    /// <exception cref="IOException">It is the name of no host.</exception>
    public static List<IPEndPoint> Configured(NetworkOptions network, int port)
    {
        try
        {
            IPAddress[] addresses = network.Address is { } name
                ? IPAddress.TryParse(name, out var address) ? [address] : Dns.GetHostAddresses(name)
                : Socket.OSSupportsIPv6 ? [IPAddress.Any, IPAddress.IPv6Any] : [IPAddress.Any];
            return [.. addresses.Distinct().Select(found => new IPEndPoint(found, port))];
        }
        catch (SocketException unknown)
        {
            throw new IOException($"cannot listen on '{network.Address}': {unknown.Message}", unknown);
        }
    }
}
