using Microsoft.Extensions.Logging;

namespace Cistern.Server.Auth.Sasl;

internal static partial class SaslLog
{
    [LoggerMessage(3100, LogLevel.Warning, "SASL authentication of client {Client} at {Address} failed: {Reason}")]
    public static partial void SaslFailed(this ILogger logger, long client, string address, string reason);

    [LoggerMessage(3101, LogLevel.Information, "Client {Client} at {Address} has authenticated as {User} (SASL, {Strength} bits of encryption)")]
    public static partial void SaslDone(this ILogger logger, long client, string address, string user, int strength);
}
