using Cistern.RemoteProtocol.Api;
using Cistern.RemoteProtocol.Remote;

namespace Cistern.Server.Services;

/// <summary>
/// The identity that a proxy daemon forwards for its own client. It is checked and accepted, as libvirtd does for every client, but not believed:
/// who a client is follows from its own connection only.
/// </summary>
internal static class ForwardedIdentity
{
    /// <exception cref="Rpc.RpcException">74/0 for a parameter that does not exist, 8/0 for one of the wrong type or given twice.</exception>
    public static void Check(IReadOnlyList<TypedParam> parameters)
    {
        var seen = new HashSet<string>();
        foreach (var parameter in parameters)
        {
            if (TypeOf(parameter.Field) is not { } expected)
            {
                throw ServiceErrors.ArgumentUnsupported($"parameter '{parameter.Field}' not supported");
            }

            if (parameter.Value.Type != (int)expected)
            {
                throw ServiceErrors.InvalidArgument($"parameter '{parameter.Field}' has the wrong type {parameter.Value.Type}, expected {(int)expected}");
            }

            if (!seen.Add(parameter.Field))
            {
                throw ServiceErrors.InvalidArgument($"parameter '{parameter.Field}' occurs multiple times");
            }
        }
    }

    private static TypedParameterType? TypeOf(string field) => field switch
    {
        "user-name" or "group-name" or "sasl-user-name" or "x509-distinguished-name" or "selinux-context" or "system.token" => TypedParameterType.String,
        "unix-user-id" or "unix-group-id" or "process-time" => TypedParameterType.Ullong,
        "process-id" => TypedParameterType.Llong,
        _ => null,
    };
}
