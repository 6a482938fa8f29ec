using Cistern.RemoteProtocol.Admin;
using Cistern.RemoteProtocol.Errors;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services.Admin;

/// <summary>The administrator's calls about the whole process.</summary>
/// <param name="setIdleTimeout">Sets for how long it goes on without clients; zero: for ever.</param>
internal sealed class AdminDaemonService(AdministeredServers servers, Action<TimeSpan> setIdleTimeout) : IAdminDaemonProcedures<CallContext>
{
    public ValueTask ConnectOpenAsync(ConnectOpenArgs args, CallContext context, CancellationToken cancellation)
    {
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, ErrorDomain.Admin);
        return ValueTask.CompletedTask;
    }

    public ValueTask ConnectCloseAsync(CallContext context, CancellationToken cancellation)
    {
        context.Client.CloseAfterReply();
        return ValueTask.CompletedTask;
    }

    public ValueTask<ConnectGetLibVersionRet> ConnectGetLibVersionAsync(CallContext context, CancellationToken cancellation) =>
        new(new ConnectGetLibVersionRet(ConnectService.ServedLibvirtVersion));

    public ValueTask<ConnectListServersRet> ConnectListServersAsync(ConnectListServersArgs args, CallContext context, CancellationToken cancellation)
    {
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, ErrorDomain.Admin);
        NonnullServer[] list = args.NeedResults == 0 ? [] : [.. servers.All.Select(AdministeredServers.ToWire)];
        return new(new ConnectListServersRet(list, (uint)servers.All.Count));
    }

    /// <summary>As in libvirt, flags mean nothing here.</summary>
    public ValueTask<ConnectLookupServerRet> ConnectLookupServerAsync(ConnectLookupServerArgs args, CallContext context, CancellationToken cancellation) =>
        new(new ConnectLookupServerRet(AdministeredServers.ToWire(servers.Find(args.Name))));

    public ValueTask ConnectSetDaemonTimeoutAsync(ConnectSetDaemonTimeoutArgs args, CallContext context, CancellationToken cancellation)
    {
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, ErrorDomain.Admin);
        setIdleTimeout(TimeSpan.FromSeconds(args.Timeout));
        return ValueTask.CompletedTask;
    }
}
