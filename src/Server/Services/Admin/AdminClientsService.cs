using Cistern.RemoteProtocol.Admin;
using Cistern.RemoteProtocol.Errors;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services.Admin;

/// <summary>The administrator's calls about one client of a server.</summary>
internal sealed class AdminClientsService(AdministeredServers servers) : IAdminClientsProcedures<CallContext>
{
    public async ValueTask<ClientGetInfoRet> ClientGetInfoAsync(ClientGetInfoArgs args, CallContext context, CancellationToken cancellation)
    {
        var client = servers.Find(args.Clnt.Srv.Name, args.Clnt.Id, ErrorDomain.Admin).Client;
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, ErrorDomain.Admin);

        // The names of users may be asked of another host.
        return new(await Task.Run(() => ClientDescription.Of(client), cancellation).ConfigureAwait(false));
    }

    public ValueTask ClientCloseAsync(ClientCloseArgs args, CallContext context, CancellationToken cancellation)
    {
        var client = servers.Find(args.Clnt.Srv.Name, args.Clnt.Id).Client;
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, ErrorDomain.Admin);
        client.Abort();
        return ValueTask.CompletedTask;
    }
}
