using System.Net;
using System.Net.Sockets;
using Cistern.Server.Auth;
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
            || (auth.Tcp is null && ListensForTcp(options));
    }

    /// <exception cref="IOException">An address cannot be listened on, or a TLS file cannot be used; it is named.</exception>
    /// <exception cref="ArgumentException">An address that others reach was to be served without authentication.</exception>
    public void Open()
    {
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

    private static bool ListensForTcp(ServerOptions options) => options.ListensAsConfigured && options.Network.ListensForTcp;

    private void OpenUnix()
    {
        uint? group = options.UnixSockets.Group is { Length: > 0 } name ? SystemGroup.Find(name) : null;
        foreach (var socket in UnixSocket.Of(options))
        {
            var listener = SocketListener.BindUnix(poller, socket.Path, socket.Mode, socket.IsReadOnly, log, group);
            listener.SetQueue(options.MaxQueuedClients);
            rpc.Start(listener, socket.Scheme);
            report.Unix(socket.Path);
        }

        OpenAdmin(group);
    }

    private void OpenAdmin(uint? group)
    {
        var path = options.Folders.AdminSocket;
        var listener = SocketListener.BindUnix(poller, path, options.UnixSockets.Admin, isReadOnly: false, log, group);
        listener.SetQueue(options.Admin.MaxQueuedClients);
        admin.Start(new GatedListener(listener, new AdminGate(CurrentUser.EffectiveId, log).Admits));
        report.Unix(path);
    }

    private void OpenTcp(IPEndPoint wanted, AuthScheme scheme)
    {
        var gate = new LoopbackGate(owners, CurrentUser.EffectiveId, log);
        var listener = Bind(wanted, endPoint =>
            scheme == AuthScheme.None ? SocketListener.BindLoopback(poller, endPoint, gate, log) : SocketListener.BindTcp(poller, endPoint, log));
        rpc.Start(scheme == AuthScheme.None ? listener : new WrappingListener(listener, inner => new ProtectableConnection(inner)), scheme);
        report.Tcp(listener.TcpEndPoint!, wanted);
    }

    private void OpenTls(IPEndPoint wanted)
    {
        Tls ??= new TlsServer(options.TlsOptions, TimeProvider.System, log);
        var listener = Bind(wanted, endPoint => SocketListener.BindTcp(poller, endPoint, log));
        rpc.Start(Tls.Over(listener), options.Auth.Tls);
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

    private List<IPEndPoint> Configured(int port)
    {
        try
        {
            IPAddress[] addresses = options.Network.Address is { } name
                ? IPAddress.TryParse(name, out var address) ? [address] : Dns.GetHostAddresses(name)
                : Socket.OSSupportsIPv6 ? [IPAddress.Any, IPAddress.IPv6Any] : [IPAddress.Any];
            return [.. addresses.Distinct().Select(found => new IPEndPoint(found, port))];
        }
        catch (SocketException unknown)
        {
            throw new IOException($"cannot listen on '{options.Network.Address}': {unknown.Message}", unknown);
        }
    }
}
