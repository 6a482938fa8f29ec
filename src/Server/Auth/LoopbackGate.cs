using System.ComponentModel;
using System.Net;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Auth;

/// <summary>Who may come over TCP without authentication: peers on this machine whose socket belongs to the server's own user or to root.
/// A socket that no process has open any more is nobody's, whatever the kernel says of its user.</summary>
public sealed class LoopbackGate(SocketOwners owners, uint ownUser, ILogger log)
{
    private const uint Root = 0;

    /// <returns>The peer's user; null when it is refused.</returns>
    public uint? Admit(IPEndPoint peer, IPEndPoint server)
    {
        SocketOwner? owner;
        try
        {
            owner = owners.Find(peer, server);
        }
        catch (Win32Exception exception)
        {
            log.OwnerUnknown(exception, peer.ToString());
            return null;
        }

        switch (owner)
        {
            case null or { Inode: 0 }:
                log.OrphanedPeer(peer.ToString());
                return null;
            case { UserId: var user } when user != ownUser && user != Root:
                log.ForeignPeer(peer.ToString(), user);
                return null;
            default:
                return owner.Value.UserId;
        }
    }
}
