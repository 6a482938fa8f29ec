using Cistern.RemoteProtocol.Programs;
using Cistern.Server.Rpc;

namespace Cistern.Server.Auth.Access;

/// <summary>
/// Asks for the rights that calls need on the connection itself, before their arguments are looked at. Rights on objects are asked for where
/// the object is known, by the guarded services.
/// </summary>
internal static class AccessGate
{
    /// <summary>The program behind the gate.</summary>
    public static RpcProgram<CallContext> Guard(RpcProgram<CallContext> program, AccessControl access) => program.With(procedure =>
        procedure.Info.Access.Any(rule => rule.Object == AccessTarget.Connection.Kind)
            ? new(procedure.Info, (payload, context) => Invoke(procedure, payload, context, access))
            : procedure);

    /// <summary>What is called before a connection is open needs no right, except for opening, which asks for its own.</summary>
    private static ValueTask Invoke(Procedure<CallContext> procedure, ReadOnlySpan<byte> payload, CallContext context, AccessControl access) =>
        !context.Client.IsOpen || access.IsUnrestricted(context.Client)
            ? procedure.Invoke(payload, context)
            : CheckAndInvokeAsync(procedure, payload.ToArray(), context, access);

    private static async ValueTask CheckAndInvokeAsync(Procedure<CallContext> procedure, byte[] payload, CallContext context, AccessControl access)
    {
        await access.RequireAsync(context, AccessTarget.Connection, context.Aborted).ConfigureAwait(false);
        await procedure.Invoke(payload, context).ConfigureAwait(false);
    }
}
