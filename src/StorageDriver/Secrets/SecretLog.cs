using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Secrets;

internal static partial class SecretLog
{
    [LoggerMessage(7500, LogLevel.Error, "Secret file {Path} is left out: {Reason}")]
    public static partial void SecretSkipped(this ILogger log, string path, string reason);
}
