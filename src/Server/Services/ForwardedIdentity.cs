using Cistern.RemoteProtocol.Api;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth;

namespace Cistern.Server.Services;

/// <summary>The identity that a proxy daemon forwards for its own client. Whether it is to be believed depends on who forwards it.</summary>
/// <param name="SystemToken">The host's secret, which shows that its teller is one of the host's daemons.</param>
internal sealed record ForwardedIdentity(uint? UserId, uint? GroupId, int? ProcessId, ulong? ProcessStartTime, string? SystemToken)
{
    /// <exception cref="Rpc.RpcException">74/0 for a parameter that does not exist, 8/0 for one of the wrong type or given twice.</exception>
    public static ForwardedIdentity Read(IReadOnlyList<TypedParam> parameters)
    {
        var values = new Dictionary<string, TypedParamValue>();
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

            if (!values.TryAdd(parameter.Field, parameter.Value))
            {
                throw ServiceErrors.InvalidArgument($"parameter '{parameter.Field}' occurs multiple times");
            }
        }

        return new(
            Id(values, "unix-user-id"),
            Id(values, "unix-group-id"),
            values.TryGetValue("process-id", out var process) && process.L is > 0 and <= int.MaxValue ? (int)process.L : null,
            values.TryGetValue("process-time", out var time) ? time.Ul : null,
            values.TryGetValue("system.token", out var token) ? token.S : null);
    }

    /// <summary>The client that a daemon calls for. What the daemon does not tell of it is not known.</summary>
    /// <param name="daemon">The daemon itself.</param>
    public ClientIdentity Apply(ClientIdentity daemon) =>
        new(TransportKind.Unix, daemon.Address, daemon.IsReadOnlySocket, UserId, GroupId, ProcessId, ProcessStartTime);

    private static uint? Id(Dictionary<string, TypedParamValue> values, string name) =>
        values.TryGetValue(name, out var value) && value.Ul <= uint.MaxValue ? (uint)value.Ul : null;

    private static TypedParameterType? TypeOf(string field) => field switch
    {
        "user-name" or "group-name" or "sasl-user-name" or "x509-distinguished-name" or "selinux-context" or "system.token" => TypedParameterType.String,
        "unix-user-id" or "unix-group-id" or "process-time" => TypedParameterType.Ullong,
        "process-id" => TypedParameterType.Llong,
        _ => null,
    };
}
