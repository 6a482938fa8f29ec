using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Rpc;

namespace Cistern.Server.Auth;

/// <summary>The procedures that come before everything else: the one scheme of the client's listener is offered, the exchange of another is refused as libvirtd refuses it.</summary>
/// <param name="sasl">Null when no listener uses it.</param>
/// <param name="polkit">Null when no listener uses it.</param>
public sealed class AuthService(ISaslAuthenticator? sasl, IPolkitAuthenticator? polkit) : IAuthProcedures<CallContext>
{
    public ValueTask<AuthListRet> AuthListAsync(CallContext context, CancellationToken cancellation)
    {
        var client = context.Client;
        if (client.AuthScheme == AuthScheme.Polkit && polkit!.Passes(client))
        {
            client.CompleteAuthentication();
            return new(new AuthListRet([AuthType.None]));
        }

        return new(new AuthListRet([client.AuthScheme switch
        {
            AuthScheme.Sasl => AuthType.Sasl,
            AuthScheme.Polkit => AuthType.Polkit,
            _ => AuthType.None,
        }]));
    }

    public async ValueTask<AuthSaslInitRet> AuthSaslInitAsync(CallContext context, CancellationToken cancellation) =>
        new(await Sasl(context).BeginAsync(context.Client, cancellation).ConfigureAwait(false));

    public async ValueTask<AuthSaslStartRet> AuthSaslStartAsync(AuthSaslStartArgs args, CallContext context, CancellationToken cancellation)
    {
        var reply = await Sasl(context).StartAsync(context.Client, args.Mech, Data(args.Nil, args.Data), cancellation).ConfigureAwait(false);
        return new(reply.IsComplete ? 1 : 0, reply.Data is null ? 1 : 0, reply.Data ?? []);
    }

    public async ValueTask<AuthSaslStepRet> AuthSaslStepAsync(AuthSaslStepArgs args, CallContext context, CancellationToken cancellation)
    {
        var reply = await Sasl(context).StepAsync(context.Client, Data(args.Nil, args.Data), cancellation).ConfigureAwait(false);
        return new(reply.IsComplete ? 1 : 0, reply.Data is null ? 1 : 0, reply.Data ?? []);
    }

    /// <summary>Not 45: libvirtd answers an exchange with polkit that it did not offer with an internal error.</summary>
    public async ValueTask<AuthPolkitRet> AuthPolkitAsync(CallContext context, CancellationToken cancellation)
    {
        var client = context.Client;
        if (client.AuthScheme != AuthScheme.Polkit)
        {
            throw RpcException.Internal("polkit is not asked for");
        }

        await polkit!.AuthorizeAsync(client, cancellation).ConfigureAwait(false);
        client.CompleteAuthentication();
        return new(1);
    }

    private ISaslAuthenticator Sasl(CallContext context) =>
        context.Client is { AuthScheme: AuthScheme.Sasl, IsAuthenticated: false } ? sasl! : throw RpcException.AuthenticationFailed();

    private static byte[]? Data(int nil, byte[] data) => nil != 0 ? null : data;
}
