using Microsoft.Extensions.Logging;

namespace Cistern.Server.Hosting;

internal static partial class HostingLog
{
    [LoggerMessage(5000, LogLevel.Information, "Stopped")]
    public static partial void Stopped(this ILogger log);

    [LoggerMessage(5001, LogLevel.Warning, "{Warning}")]
    public static partial void ConfigurationWarning(this ILogger log, string warning);

    [LoggerMessage(5002, LogLevel.Information, "Read the configuration again: {File}")]
    public static partial void Reloaded(this ILogger log, string file);

    [LoggerMessage(5003, LogLevel.Warning, "Changed, but holding from the next start on: {Keys}")]
    public static partial void NeedRestart(this ILogger log, string keys);

    [LoggerMessage(5004, LogLevel.Error, "The configuration is kept as it was: {Fault}")]
    public static partial void NotReloaded(this ILogger log, string fault);

    [LoggerMessage(5005, LogLevel.Information, "Ending: there have been no clients and no work for {Timeout}")]
    public static partial void Idle(this ILogger log, TimeSpan timeout);
}
