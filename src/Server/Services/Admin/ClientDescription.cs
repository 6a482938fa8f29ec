using Cistern.RemoteProtocol.Admin;
using Cistern.Server.Auth;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services.Admin;

/// <summary>Clients as administrators are told of them.</summary>
internal static class ClientDescription
{
    public static NonnullClient ToWire(string server, ClientConnection client) =>
        new(new NonnullServer(server), (ulong)client.Id, client.ConnectedAt.ToUnixTimeSeconds(), Transport(client.Identity.Transport));

    /// <summary>What is known of who a client is. Asks the system for names: may wait.</summary>
    public static TypedParam[] Of(ClientConnection client)
    {
        var identity = client.Identity;
        var told = new List<TypedParam> { AdminParameters.Of("readonly", client.IsReadOnly) };
        Add("sasl_user_name", identity.SaslUserName);
        if (identity.Transport != TransportKind.Unix)
        {
            Add("sock_addr", identity.Address);
            Add("tls_x509_dname", identity.X509Name);
            return [.. told];
        }

        if (identity is { UserId: { } user, GroupId: { } group, ProcessId: { } process })
        {
            told.Add(AdminParameters.Of("unix_user_id", (int)user));
            Add("unix_user_name", AccountNames.OfUser(user));
            told.Add(AdminParameters.Of("unix_group_id", (int)group));
            Add("unix_group_name", AccountNames.OfGroup(group));
            told.Add(AdminParameters.Of("unix_process_id", process));
        }

        Add("selinux_context", identity.SecurityContext);
        return [.. told];

        void Add(string field, string? value)
        {
            if (value is not null)
            {
                told.Add(AdminParameters.Of(field, value));
            }
        }
    }

    private static uint Transport(TransportKind kind) => kind switch
    {
        TransportKind.Unix => 0,
        TransportKind.Tcp => 1,
        _ => 2,
    };
}
