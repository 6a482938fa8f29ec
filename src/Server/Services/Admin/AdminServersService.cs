using Cistern.RemoteProtocol.Admin;
using Cistern.RemoteProtocol.Errors;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services.Admin;

/// <summary>The administrator's calls about one server.</summary>
internal sealed class AdminServersService(AdministeredServers servers) : IAdminServersProcedures<CallContext>
{
    private const string MinWorkers = "minWorkers";
    private const string MaxWorkers = "maxWorkers";
    private const string PriorityWorkers = "prioWorkers";
    private const string MaxClients = "nclients_max";
    private const string MaxUnauthenticated = "nclients_unauth_max";

    /// <summary>There is no pool of workers, which libvirt says with a maximum of 0: each call runs by itself. Told are the calls that run, and
    /// the clients whose next call waits for one of their own.</summary>
    public ValueTask<ServerGetThreadpoolParametersRet> ServerGetThreadpoolParametersAsync(
        ServerGetThreadpoolParametersArgs args, CallContext context, CancellationToken cancellation)
    {
        var load = Find(args.Srv, args.Flags, context).Rpc.Load;
        return new(new ServerGetThreadpoolParametersRet(
        [
            AdminParameters.Of(MinWorkers, 0u),
            AdminParameters.Of(MaxWorkers, 0u),
            AdminParameters.Of("nWorkers", load.Running),
            AdminParameters.Of("freeWorkers", 0u),
            AdminParameters.Of(PriorityWorkers, 0u),
            AdminParameters.Of("jobQueueDepth", load.Waiting),
        ]));
    }

    /// <summary>A pool cannot be made where there is none: libvirt refuses that, too.</summary>
    public ValueTask ServerSetThreadpoolParametersAsync(ServerSetThreadpoolParametersArgs args, CallContext context, CancellationToken cancellation)
    {
        _ = servers.Find(args.Srv.Name, ErrorDomain.Admin);
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, ErrorDomain.Admin);
        var numbers = AdminParameters.ReadNumbers(args.Params, MinWorkers, MaxWorkers, PriorityWorkers);
        var max = numbers.Find(MaxWorkers) ?? 0;
        if (numbers.Find(MinWorkers) > max)
        {
            throw ServiceErrors.InvalidArgument($"{MinWorkers} {numbers.Find(MinWorkers)} is larger than {MaxWorkers} {max}");
        }

        foreach (var (name, number) in numbers)
        {
            if (number > 0)
            {
                throw ServiceErrors.InvalidArgument($"{name} {number}: this server has no workers, each call runs by itself");
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<ServerListClientsRet> ServerListClientsAsync(ServerListClientsArgs args, CallContext context, CancellationToken cancellation)
    {
        var server = Find(args.Srv, args.Flags, context);
        var clients = server.Rpc.Clients.OrderBy(client => client.Id).Select(client => ClientDescription.ToWire(server.Name, client)).ToArray();
        ListBounds.CheckResult(clients.Length, AdminConstants.ClientListMax, "clients");
        return new(new ServerListClientsRet(args.NeedResults == 0 ? [] : clients, (uint)clients.Length));
    }

    public ValueTask<ServerLookupClientRet> ServerLookupClientAsync(ServerLookupClientArgs args, CallContext context, CancellationToken cancellation)
    {
        var server = Find(args.Srv, args.Flags, context);
        return new(new ServerLookupClientRet(ClientDescription.ToWire(server.Name, servers.Find(server.Name, args.Id).Client)));
    }

    public ValueTask<ServerGetClientLimitsRet> ServerGetClientLimitsAsync(ServerGetClientLimitsArgs args, CallContext context, CancellationToken cancellation)
    {
        var limits = Find(args.Srv, args.Flags, context).Rpc.Limits;
        return new(new ServerGetClientLimitsRet(
        [
            AdminParameters.Of(MaxClients, limits.Max),
            AdminParameters.Of("nclients", limits.Current),
            AdminParameters.Of(MaxUnauthenticated, limits.MaxUnauthenticated),
            AdminParameters.Of("nclients_unauth", limits.CurrentUnauthenticated),
        ]));
    }

    public ValueTask ServerSetClientLimitsAsync(ServerSetClientLimitsArgs args, CallContext context, CancellationToken cancellation)
    {
        var server = servers.Find(args.Srv.Name, ErrorDomain.Admin);
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, ErrorDomain.Admin);
        var numbers = AdminParameters.ReadNumbers(args.Params, MaxClients, MaxUnauthenticated);
        return server.Rpc.TrySetLimits(numbers.Find(MaxClients), numbers.Find(MaxUnauthenticated))
            ? ValueTask.CompletedTask
            : throw ServiceErrors.InvalidRpcArgument($"{MaxUnauthenticated} must not be larger than {MaxClients}");
    }

    public async ValueTask ServerUpdateTlsFilesAsync(ServerUpdateTlsFilesArgs args, CallContext context, CancellationToken cancellation)
    {
        var tls = Find(args.Srv, args.Flags, context).Tls()
            ?? throw ServiceErrors.InternalRpc($"'{args.Srv.Name}' serves no TLS, so it has no TLS files to update");
        try
        {
            await Task.Run(tls.LoadAgain, cancellation).ConfigureAwait(false);
        }
        catch (IOException bad)
        {
            throw ServiceErrors.InternalRpc(bad.Message);
        }
    }

    private AdministeredServer Find(NonnullServer named, uint flags, CallContext context)
    {
        var server = servers.Find(named.Name);
        NodeArguments.CheckNoFlags(flags, context.Procedure.Name, ErrorDomain.Admin);
        return server;
    }
}
