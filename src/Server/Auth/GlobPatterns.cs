using System.Collections.Immutable;

namespace Cistern.Server.Auth;

/// <summary>Who is let in, as libvirt's lists say it: <c>*</c> is any characters, <c>?</c> is one.</summary>
public sealed class GlobPatterns(ImmutableArray<string> patterns)
{
    public bool Match(string text) => patterns.Any(pattern => Match(pattern, text));

    /// <summary>Whether one pattern fits the whole text. Goes back to the last star only, so the time is bounded by the product of the lengths.</summary>
    public static bool Match(string pattern, string text)
    {
        var (at, star, resume) = (0, -1, 0);
        for (var index = 0; index < text.Length;)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                (star, resume) = (at++, index);
            }
            else if (at < pattern.Length && (pattern[at] == '?' || pattern[at] == text[index]))
            {
                (at, index) = (at + 1, index + 1);
            }
            else if (star >= 0)
            {
                (at, index) = (star + 1, ++resume);
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(at).Trim('*').IsEmpty;
    }
}
