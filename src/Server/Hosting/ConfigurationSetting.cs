using System.Collections.Immutable;

namespace Cistern.Server.Hosting;

/// <summary>One setting of a configuration file.</summary>
/// <param name="Place">File and line.</param>
/// <param name="Value">A <see cref="long"/>, a <see cref="string"/> or an array of strings.</param>
internal sealed record ConfigurationSetting(string Place, string Key, object Value)
{
    /// <summary>0 or 1.</summary>
    /// <exception cref="FormatException">Names file, line and key, as all of these do.</exception>
    public bool Flag => Value is 0L or 1L ? Value is 1L : throw Bad("0 or 1");

    /// <summary>A list of strings; one string is a list of one.</summary>
    public ImmutableArray<string> Strings => Value switch
    {
        ImmutableArray<string> list => list,
        string one => [one],
        _ => throw Bad("a list of strings"),
    };

    public FormatException Bad(string expected) => new($"{Place}: '{Key}' must be {expected}");
}
