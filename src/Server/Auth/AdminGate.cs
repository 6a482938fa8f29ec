using Microsoft.Extensions.Logging;

namespace Cistern.Server.Auth;

/// <summary>Who may come to the admin socket, whatever its file's permissions say: the server's own user and root.</summary>
public sealed class AdminGate(uint ownUser, ILogger log)
{
    private const uint Root = 0;

    public bool Admits(ClientIdentity peer)
    {
        if (peer.UserId is { } user && (user == ownUser || user == Root))
        {
            return true;
        }

        log.ForeignAdministrator(peer.Address, peer.UserId, peer.ProcessId);
        return false;
    }
}
