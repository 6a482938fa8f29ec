using Microsoft.Extensions.Logging;

namespace Cistern.Server.Transport;

internal static partial class TransportLog
{
    [LoggerMessage(1000, LogLevel.Warning, "Accepting at {Address} failed (errno {Errno}); trying again in {Delay}")]
    public static partial void AcceptFailed(this ILogger logger, string address, int errno, TimeSpan delay);
}
