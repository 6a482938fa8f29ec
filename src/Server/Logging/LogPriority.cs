using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Logging;

/// <summary>libvirt's numbers for how important a message is: 1 debug, 2 information, 3 warning, 4 error.</summary>
internal static class LogPriority
{
    public const int Debug = 1;
    public const int Error = 4;

    /// <summary>The least important level that a priority lets pass.</summary>
    public static LogLevel ToLevel(int priority) => priority switch
    {
        Debug => LogLevel.Trace,
        2 => LogLevel.Information,
        3 => LogLevel.Warning,
        _ => LogLevel.Error,
    };

    public static int Of(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => Debug,
        LogLevel.Information => 2,
        LogLevel.Warning => 3,
        _ => Error,
    };

    /// <summary>Syslog's number for it (RFC 5424), which the journal uses, too.</summary>
    public static int ToSeverity(LogLevel level) => Of(level) switch
    {
        Debug => 7,
        2 => 6,
        3 => 4,
        _ => 3,
    };

    /// <param name="whole">What it is part of, for the error.</param>
    /// <exception cref="FormatException">It is no priority.</exception>
    public static int Parse(string text, string whole) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= Debug and <= Error
            ? number
            : throw new FormatException($"'{text}' in '{whole}' is no log priority: 1 (debug), 2 (information), 3 (warning) or 4 (error)");
}
