using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Logging;

/// <summary>What is logged, and where to. Both can be changed at any time, and hold from the next message on.</summary>
public sealed class LogSettings : ILoggerProvider
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private readonly LogPlaces _places;
    private readonly LogOutput _default;
    private readonly LogLevel _level;
    private volatile Levels _levels;
    private ImmutableArray<(LogOutput Output, ILogSink Sink)> _sinks = [];

    /// <param name="level">What passes where no filter says more or less.</param>
    /// <param name="error">The standard error, where messages go unless outputs say otherwise.</param>
    public LogSettings(LogLevel level, TextWriter error, TimeProvider clock)
        : this(level, new LogPlaces(error), clock)
    {
    }

    internal LogSettings(LogLevel level, LogPlaces places, TimeProvider clock)
    {
        (_level, _places, _clock) = (level, places, clock);
        _levels = new Levels(level, []);
        _default = new LogOutput(LogPriority.Of(level), LogDestination.Stderr);
        SetOutputs([]);
    }

    public ImmutableArray<LogFilter> Filters => _levels.Filters;

    public ImmutableArray<LogOutput> Outputs
    {
        get
        {
            lock (_gate)
            {
                return [.. _sinks.Select(sink => sink.Output)];
            }
        }
    }

    public void SetFilters(ImmutableArray<LogFilter> filters) => _levels = new Levels(_level, filters);

    /// <param name="outputs">None: the standard error.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">A file cannot be opened; all stays as it was.</exception>
    public void SetOutputs(ImmutableArray<LogOutput> outputs)
    {
        var opened = new List<(LogOutput, ILogSink Sink)>();
        try
        {
            foreach (var output in outputs.IsEmpty ? [_default] : outputs)
            {
                opened.Add((output, _places.Open(output)));
            }
        }
        catch
        {
            opened.ForEach(each => each.Sink.Dispose());
            throw;
        }

        Exchange([.. opened]);
    }

    public ILogger CreateLogger(string categoryName) => new SourceLogger(this, categoryName);

    public void Dispose() => Exchange([]);

    private void Exchange(ImmutableArray<(LogOutput Output, ILogSink Sink)> sinks)
    {
        lock (_gate)
        {
            foreach (var (_, sink) in _sinks)
            {
                sink.Dispose();
            }

            _sinks = sinks;
        }
    }

    private void Write(LogLevel level, string source, EventId id, string text, Exception? exception)
    {
        var entry = new LogEntry(_clock.GetUtcNow(), level, source, id, text, exception);
        lock (_gate)
        {
            foreach (var (output, sink) in _sinks)
            {
                if (level >= LogPriority.ToLevel(output.Priority))
                {
                    sink.Write(entry);
                }
            }
        }
    }

    /// <summary>What passes from each source, worked out once.</summary>
    private sealed class Levels(LogLevel level, ImmutableArray<LogFilter> filters)
    {
        private readonly ConcurrentDictionary<string, LogLevel> _bySource = new();

        public ImmutableArray<LogFilter> Filters => filters;

        public LogLevel Of(string source) => filters.IsEmpty ? level : _bySource.GetOrAdd(source, Find);

        private LogLevel Find(string source)
        {
            var name = source.ToLowerInvariant();
            return filters.FirstOrDefault(filter => filter.Match(name)) is { } first ? LogPriority.ToLevel(first.Priority) : level;
        }
    }

    private sealed class SourceLogger(LogSettings settings, string source) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && logLevel >= settings._levels.Of(source);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                settings.Write(logLevel, source, eventId, formatter(state, exception), exception);
            }
        }
    }
}
