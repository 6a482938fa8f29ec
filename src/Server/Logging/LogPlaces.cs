using System.Globalization;

namespace Cistern.Server.Logging;

/// <summary>Opens what outputs name.</summary>
/// <param name="Stderr">The standard error.</param>
internal sealed record LogPlaces(TextWriter Stderr)
{
    /// <summary>The socket of syslog(3).</summary>
    public string Syslog { get; init; } = "/dev/log";

    /// <summary>The socket of the journal, which takes fields (systemd.journal-fields(7)).</summary>
    public string Journal { get; init; } = "/run/systemd/journal/socket";

    /// <exception cref="System.ComponentModel.Win32Exception">A file cannot be opened.</exception>
    public ILogSink Open(LogOutput output) => output.Destination switch
    {
        LogDestination.File => new FileSink(output.Name!),
        LogDestination.Syslog => new DatagramSink(Syslog, (in LogEntry entry) => ToSyslog(entry, output.Name!)),
        LogDestination.Journald => new DatagramSink(Journal, ToJournal),
        _ => new WriterSink(Stderr),
    };

    private static string ToSyslog(in LogEntry entry, string name)
    {
        const int UserFacility = 1 << 3;
        var time = entry.Time.LocalDateTime;
        var stamp = $"{time.ToString("MMM", CultureInfo.InvariantCulture)} {time.Day,2} {time:HH':'mm':'ss}";
        return $"<{UserFacility | LogPriority.ToSeverity(entry.Level)}>{stamp} {name}[{Environment.ProcessId}]: {entry.ToMessage()}";
    }

    private static string ToJournal(in LogEntry entry) =>
        $"PRIORITY={LogPriority.ToSeverity(entry.Level)}\nSYSLOG_IDENTIFIER=cisternd\nCISTERN_SOURCE={entry.Source}\nMESSAGE={entry.ToMessage()}\n";
}
