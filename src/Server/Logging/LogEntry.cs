using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Logging;

/// <summary>One message.</summary>
/// <param name="Source">Who says it: the name of a type, with its namespace.</param>
internal readonly record struct LogEntry(DateTimeOffset Time, LogLevel Level, string Source, EventId Id, string Text, Exception? Exception)
{
    /// <summary>One line: time (UTC), level, type and event id, text.</summary>
    public string ToLine() =>
        $"{Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)} {Word(Level)} {ToMessage()}";

    /// <summary>The same without what a journal adds itself. Control characters are escaped, so that no client writes lines of its own.</summary>
    public string ToMessage()
    {
        var line = new StringBuilder(160);
        line.Append(Source.AsSpan(Source.LastIndexOf('.') + 1)).Append('[').Append(Id.Id.ToString(CultureInfo.InvariantCulture)).Append("] ");
        AppendEscaped(line, Text);
        if (Exception is not null)
        {
            AppendEscaped(line.Append(": "), Exception.ToString());
        }

        return line.ToString();
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "critical",
    };

    private static void AppendEscaped(StringBuilder line, string text)
    {
        foreach (var c in text)
        {
            _ = c switch
            {
                '\n' => line.Append("\\n"),
                _ when char.IsControl(c) => line.Append("\\x").Append(((int)c).ToString("x2", CultureInfo.InvariantCulture)),
                _ => line.Append(c),
            };
        }
    }
}
