using Cistern.RemoteProtocol.Admin;
using Cistern.Server.Logging;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Server.Services.Admin;
using Cistern.Server.Transport.Tls;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Hosting;

/// <summary>Puts together the server that administrators talk to.</summary>
internal static class AdminServer
{
    private const string Name = "admin";

    /// <param name="storage">The server that they look after, beside this one.</param>
    /// <param name="tls">Gives what serves TLS for it; null when nothing does.</param>
    public static RpcServer Create(
        ServerOptions options, RpcServer storage, Func<TlsServer?> tls, LogSettings log, IdleShutdown idle, ILogger<RpcServer> events)
    {
        var servers = new AdministeredServers();
        var program = AdminProgram.Create<CallContext>(
            new AdminDaemonService(servers, idle.SetTimeout), new AdminServersService(servers), new AdminClientsService(servers), new AdminLoggingService(log));
        var limits = options.Rpc with
        {
            MaxClients = options.Admin.MaxClients,
            MaxUnauthenticatedClients = 0,
            MaxClientRequests = options.Admin.MaxClientRequests,
        };
        var admin = new RpcServer([program], new ErrorMapping(), limits, events, TimeProvider.System);
        servers.Add(new(options.Folders.ServerName, storage, tls));
        servers.Add(new(Name, admin, () => null));
        return admin;
    }
}
