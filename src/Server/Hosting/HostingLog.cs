using Microsoft.Extensions.Logging;

namespace Cistern.Server.Hosting;

internal static partial class HostingLog
{
    [LoggerMessage(5000, LogLevel.Information, "Stopped")]
    public static partial void Stopped(this ILogger log);

    [LoggerMessage(5001, LogLevel.Warning, "{Warning}")]
    public static partial void ConfigurationWarning(this ILogger log, string warning);

    [LoggerMessage(5002, LogLevel.Information, "Stopping: there were no clients for as long as the daemon's timeout says")]
    public static partial void StoppingIdle(this ILogger log);
}
