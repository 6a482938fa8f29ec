using System.Text;
using Cistern.Server.Auth;

namespace Cistern.Server.Transport;

/// <summary>Who connected to a unix socket (SO_PEERCRED, unix(7)).</summary>
internal static class PeerCredentials
{
    /// <param name="readsStartTime">Whether to look up when its process started: several calls more for each connection.</param>
    public static unsafe ClientIdentity Of(SocketHandle socket, string path, bool isReadOnly, bool readsStartTime)
    {
        // struct ucred: process, user, group.
        var credentials = stackalloc uint[3];
        var length = 3 * sizeof(uint);
        if (LinuxSockets.GetOption(socket, LinuxSockets.SolSocket, LinuxSockets.SoPeerCred, credentials, &length) != 0)
        {
            return new ClientIdentity(TransportKind.Unix, path, isReadOnly);
        }

        var process = (int)credentials[0];
        var start = readsStartTime ? PeerProcess.ReadStartTime(socket, process) : null;
        return new ClientIdentity(TransportKind.Unix, path, isReadOnly, credentials[1], credentials[2], process, start)
        {
            SecurityContext = ReadSecurityContext(socket),
        };
    }

    /// <returns>Null without a security module that labels processes.</returns>
    private static unsafe string? ReadSecurityContext(SocketHandle socket)
    {
        const int LongestLabel = 4096;
        var label = stackalloc byte[LongestLabel];
        var length = LongestLabel;
        return LinuxSockets.GetOption(socket, LinuxSockets.SolSocket, LinuxSockets.SoPeerSecurity, label, &length) == 0
            && Encoding.UTF8.GetString(label, length).TrimEnd('\0') is { Length: > 0 } text ? text : null;
    }
}
