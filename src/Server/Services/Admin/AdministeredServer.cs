using Cistern.Server.Rpc;
using Cistern.Server.Transport.Tls;

namespace Cistern.Server.Services.Admin;

/// <summary>A server of this process, as administrators know it.</summary>
/// <param name="Tls">Gives what serves TLS for it; null when nothing does.</param>
internal sealed record AdministeredServer(string Name, RpcServer Rpc, Func<TlsServer?> Tls);
