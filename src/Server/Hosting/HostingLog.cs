using Microsoft.Extensions.Logging;

namespace Cistern.Server.Hosting;

internal static partial class HostingLog
{
    [LoggerMessage(5000, LogLevel.Information, "Stopped")]
    public static partial void Stopped(this ILogger log);
}
