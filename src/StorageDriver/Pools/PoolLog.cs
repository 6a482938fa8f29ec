using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Pools;

internal static partial class PoolLog
{
    [LoggerMessage(6020, LogLevel.Warning, "Storage pool {Pool} is inaccessible until its storage is back: {Reason}")]
    public static partial void Inaccessible(this ILogger log, string pool, string reason);

    [LoggerMessage(6021, LogLevel.Information, "Storage pool {Pool} is accessible again")]
    public static partial void Accessible(this ILogger log, string pool);

    /// <param name="lost">What is lost; null: nothing any more.</param>
    public static void Health(this ILogger log, string pool, string? lost)
    {
        if (lost is null)
        {
            log.Whole(pool);
        }
        else
        {
            log.Degraded(pool, lost);
        }
    }

    [LoggerMessage(6023, LogLevel.Warning, "Storage pool {Pool} is degraded: {Reason}")]
    private static partial void Degraded(this ILogger log, string pool, string reason);

    [LoggerMessage(6024, LogLevel.Information, "Storage pool {Pool} is whole again")]
    private static partial void Whole(this ILogger log, string pool);

    [LoggerMessage(6022, LogLevel.Error, "Storage pool {Pool} is not watched any more")]
    public static partial void NotWatched(this ILogger log, Exception error, string pool);
}
