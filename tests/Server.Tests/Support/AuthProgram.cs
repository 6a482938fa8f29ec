using Cistern.RemoteProtocol.Programs;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth;
using Cistern.Server.Rpc;

namespace Cistern.Server.Tests.Support;

/// <summary>The remote program with its authentication alone.</summary>
internal static class AuthProgram
{
    public static RpcProgram<CallContext> With(AuthService auth) => RemoteProgram.Create(null!, null!, null!, auth, null!, null!, null!, null!, null!);
}
