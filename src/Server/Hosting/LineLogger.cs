using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Hosting;

/// <summary>
/// Logs to a writer, one line an entry: time (UTC), level, category and event id, text. Control characters are escaped, so that no client
/// writes lines of its own.
/// </summary>
public sealed class LineLoggerProvider(TextWriter output, TimeProvider clock) : ILoggerProvider
{
    private readonly Lock _lock = new();

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void Dispose()
    {
    }

    private void Write(string line)
    {
        lock (_lock)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    private sealed class LineLogger(LineLoggerProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = new StringBuilder(160);
            line.Append(provider.Now()).Append(' ').Append(Word(logLevel)).Append(' ').Append(category);
            line.Append('[').Append(eventId.Id.ToString(CultureInfo.InvariantCulture)).Append("] ");
            AppendEscaped(line, formatter(state, exception));
            if (exception is not null)
            {
                AppendEscaped(line.Append(": "), exception.ToString());
            }

            provider.Write(line.ToString());
        }
    }

    private string Now() => clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

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
