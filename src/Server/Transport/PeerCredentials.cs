using Cistern.Server.Auth;

namespace Cistern.Server.Transport;

/// <summary>Who connected to a unix socket (SO_PEERCRED, unix(7)).</summary>
internal static class PeerCredentials
{
    public static unsafe ClientIdentity Of(SocketHandle socket, string path, bool isReadOnly)
    {
        // struct ucred: process, user, group.
        var credentials = stackalloc uint[3];
        var length = 3 * sizeof(uint);
        return LinuxSockets.GetOption(socket, LinuxSockets.SolSocket, LinuxSockets.SoPeerCred, credentials, &length) == 0
            ? new ClientIdentity(TransportKind.Unix, path, isReadOnly, credentials[1], credentials[2], (int)credentials[0])
            : new ClientIdentity(TransportKind.Unix, path, isReadOnly);
    }
}
