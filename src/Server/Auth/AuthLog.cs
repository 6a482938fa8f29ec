using Microsoft.Extensions.Logging;

namespace Cistern.Server.Auth;

internal static partial class AuthLog
{
    [LoggerMessage(3000, LogLevel.Warning, "Refused {Peer}: its socket belongs to user {User}, neither the server's own nor root")]
    public static partial void ForeignPeer(this ILogger logger, string peer, uint user);

    [LoggerMessage(3001, LogLevel.Warning, "Refused {Peer}: no process owns its socket any more, or it cannot be found")]
    public static partial void OrphanedPeer(this ILogger logger, string peer);

    [LoggerMessage(3002, LogLevel.Error, "Refused {Peer}: the kernel does not tell whose its socket is")]
    public static partial void OwnerUnknown(this ILogger logger, Exception exception, string peer);

    [LoggerMessage(3003, LogLevel.Warning, "Refused process {Process} of user {User} at {Path}: only the server's own user and root administer it")]
    public static partial void ForeignAdministrator(this ILogger logger, string path, uint? user, int? process);

    [LoggerMessage(3010, LogLevel.Error, "polkit could not be asked about {Action}: {Reason}")]
    public static partial void PolkitFailed(this ILogger logger, string action, string reason);

    [LoggerMessage(3011, LogLevel.Warning, "Denied {Action} to {Peer}: the process behind it is not known")]
    public static partial void UnidentifiedDenied(this ILogger logger, string peer, string action);
}
