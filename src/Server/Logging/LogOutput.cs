using System.Collections.Immutable;

namespace Cistern.Server.Logging;

/// <summary>Where messages go, in libvirt's words: <c>priority:stderr</c>, <c>priority:journald</c>, <c>priority:syslog:name</c>, <c>priority:file:path</c>.</summary>
/// <param name="Priority">The least that a message must have.</param>
/// <param name="Name">The program's name in syslog, or the file's absolute path; null where there is none.</param>
public sealed record LogOutput(int Priority, LogDestination Destination, string? Name = null)
{
    private static readonly (string Word, LogDestination Destination, bool HasName)[] Words =
    [
        ("stderr", LogDestination.Stderr, false), ("syslog", LogDestination.Syslog, true),
        ("file", LogDestination.File, true), ("journald", LogDestination.Journald, false),
    ];

    public override string ToString()
    {
        var (word, _, _) = Words.First(entry => entry.Destination == Destination);
        return Name is null ? $"{Priority}:{word}" : $"{Priority}:{word}:{Name}";
    }

    /// <summary>Outputs with blanks between them; of those to the same place the last one counts.</summary>
    /// <exception cref="FormatException">Names the output that is wrong.</exception>
    public static ImmutableArray<LogOutput> ParseAll(string text)
    {
        var outputs = new List<LogOutput>();
        foreach (var output in text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse))
        {
            outputs.RemoveAll(other => (other.Destination, other.Name) == (output.Destination, output.Name));
            outputs.Add(output);
        }

        return [.. outputs];
    }

    private static LogOutput Parse(string text)
    {
        var parts = text.Split(':');
        if (parts.Length < 2)
        {
            throw new FormatException($"the log output '{text}' is not priority:destination or priority:destination:name");
        }

        var priority = LogPriority.Parse(parts[0], text);
        var (word, destination, hasName) = Words.FirstOrDefault(entry => entry.Word == parts[1]);
        if (word is null)
        {
            throw new FormatException($"'{parts[1]}' in the log output '{text}' is none of {string.Join(", ", Words.Select(entry => entry.Word))}");
        }

        if (parts.Length != (hasName ? 3 : 2) || parts[^1].Length == 0)
        {
            throw new FormatException($"the log output '{text}' is not priority:{word}{(hasName ? ":name" : "")}");
        }

        var name = !hasName ? null : destination == LogDestination.File ? Path.GetFullPath(parts[2]) : parts[2];
        return new(priority, destination, name);
    }
}
