using System.Collections.Immutable;
using Cistern.Server.Auth;

namespace Cistern.Server.Logging;

/// <summary>Messages of which sources pass: libvirt's <c>priority:pattern</c>. The pattern may stand anywhere in the source's name, <c>*</c> is any
/// characters, <c>?</c> is one.</summary>
public sealed record LogFilter(int Priority, string Pattern)
{
    /// <param name="source">In lower case.</param>
    public bool Match(string source) => GlobPatterns.Match($"*{Pattern.ToLowerInvariant()}*", source);

    /// <summary>As libvirt tells it: with what the pattern stands for.</summary>
    public override string ToString() => $"{Priority}:*{Pattern}*";

    /// <summary>Filters with blanks between them; the first that fits a source decides.</summary>
    /// <exception cref="FormatException">Names the filter that is wrong.</exception>
    public static ImmutableArray<LogFilter> ParseAll(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

    private static LogFilter Parse(string text)
    {
        if (text.Split(':') is not [var priority, var pattern])
        {
            throw new FormatException($"the log filter '{text}' is not priority:pattern");
        }

        // A + once asked for stack traces.
        var name = pattern.StartsWith('+') ? pattern[1..] : pattern;
        var number = LogPriority.Parse(priority, text);
        return name.Length > 0 ? new(number, name) : throw new FormatException($"the log filter '{text}' has no pattern");
    }
}
