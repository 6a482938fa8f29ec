using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Rpc;

namespace Cistern.Server.Auth;

/// <summary>The procedures that come before everything else. No authentication is asked for, so the exchanges are refused, as libvirtd refuses those it is not configured for.</summary>
public sealed class AuthService : IAuthProcedures<CallContext>
{
    public ValueTask<AuthListRet> AuthListAsync(CallContext context, CancellationToken cancellation) => new(new AuthListRet([AuthType.None]));

    public ValueTask<AuthSaslInitRet> AuthSaslInitAsync(CallContext context, CancellationToken cancellation) => throw RpcException.AuthenticationFailed();

    public ValueTask<AuthSaslStartRet> AuthSaslStartAsync(AuthSaslStartArgs args, CallContext context, CancellationToken cancellation) =>
        throw RpcException.AuthenticationFailed();

    public ValueTask<AuthSaslStepRet> AuthSaslStepAsync(AuthSaslStepArgs args, CallContext context, CancellationToken cancellation) =>
        throw RpcException.AuthenticationFailed();

    /// <summary>Not 45: libvirtd answers an exchange with polkit that it did not offer with an internal error.</summary>
    public ValueTask<AuthPolkitRet> AuthPolkitAsync(CallContext context, CancellationToken cancellation) =>
        throw RpcException.Internal("polkit is not asked for");
}
