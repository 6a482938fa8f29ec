using Cistern.RemoteProtocol.Admin;
using Cistern.RemoteProtocol.Errors;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services.Admin;

/// <summary>The servers of this process. They are complete before the first administrator comes.</summary>
internal sealed class AdministeredServers
{
    private readonly List<AdministeredServer> _servers = [];

    public IReadOnlyList<AdministeredServer> All => _servers;

    public void Add(AdministeredServer server) => _servers.Add(server);

    /// <param name="domain">The module that misses it.</param>
    /// <exception cref="RpcException">95: there is none of that name.</exception>
    public AdministeredServer Find(string name, ErrorDomain domain = ErrorDomain.Rpc) =>
        _servers.Find(server => server.Name == name) ?? throw ServiceErrors.NotFound(ErrorNumber.NoServer, domain, $"no server is named '{name}'");

    /// <inheritdoc cref="Find(string, ErrorDomain)"/>
    /// <exception cref="RpcException">95 or 96: there is no such server or client.</exception>
    public (AdministeredServer Server, ClientConnection Client) Find(string name, ulong client, ErrorDomain domain = ErrorDomain.Rpc)
    {
        var server = Find(name, domain);
        var found = server.Rpc.Clients.FirstOrDefault(candidate => (ulong)candidate.Id == client);
        return found is null ? throw ServiceErrors.NotFound(ErrorNumber.NoClient, domain, $"no client of '{name}' has the id {client}") : (server, found);
    }

    public static NonnullServer ToWire(AdministeredServer server) => new(server.Name);
}
