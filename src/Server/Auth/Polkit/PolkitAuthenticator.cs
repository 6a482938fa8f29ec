using Cistern.Server.Auth.DBus;
using Cistern.Server.Rpc;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Auth.Polkit;

/// <summary>Asks polkit whether the process at the other end of a unix socket may use it.</summary>
public sealed class PolkitAuthenticator(IPolkitAuthority authority, ILogger log) : IPolkitAuthenticator
{
    private const string Manage = "org.libvirt.unix.manage";
    private const string Monitor = "org.libvirt.unix.monitor";

    public bool Passes(ClientConnection client) => client.Identity.IsLocalRoot;

    /// <exception cref="RpcException">45/60: it is forbidden; 79/60: the user did not want to authenticate; 94/60: the user cannot be asked;
    /// 89/47: polkit cannot be asked.</exception>
    public async ValueTask AuthorizeAsync(ClientConnection client, CancellationToken cancellation)
    {
        if (PolkitSubject.Of(client.Identity) is not { } subject)
        {
            throw AuthErrors.UnknownProcess();
        }

        var action = client.IsReadOnly ? Monitor : Manage;
        try
        {
            switch (await authority.CheckAsync(subject, action, [], interactive: true, cancellation).ConfigureAwait(false))
            {
                case PolkitDecision.Authorized: return;
                case PolkitDecision.Dismissed: throw AuthErrors.Dismissed();
                case PolkitDecision.NeedsAuthentication: throw AuthErrors.NoAgent(action);
                default: throw AuthErrors.Denied();
            }
        }
        catch (BusException failed)
        {
            log.PolkitFailed(action, failed.Message);
            throw AuthErrors.Bus(failed.Message);
        }
    }
}
