using System.Collections.Immutable;
using System.Globalization;
using Cistern.Server.Auth;

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

    /// <summary>A string.</summary>
    public string Text => Value as string ?? throw Bad("a string");

    /// <summary>A port, quoted (as libvirt has it) or not.</summary>
    public int Port => Value switch
    {
        long number and >= 0 and <= ushort.MaxValue => (int)number,
        string text when ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) => port,
        _ => throw Bad("a port's number"),
    };

    /// <summary>A number that is not less than <paramref name="least"/>.</summary>
    public int Number(int least = 0) => Value is long number && number >= least && number <= int.MaxValue ? (int)number : throw Bad($"a number from {least} on");

    /// <summary>One of the schemes given, by its name.</summary>
    public AuthScheme Scheme(params ReadOnlySpan<AuthScheme> allowed)
    {
        foreach (var scheme in allowed)
        {
            if (Value is string name && name == Name(scheme))
            {
                return scheme;
            }
        }

        throw Bad(string.Join(" or ", allowed.ToArray().Select(scheme => $"\"{Name(scheme)}\"")));
    }

    private static string Name(AuthScheme scheme) => scheme switch
    {
        AuthScheme.None => "none",
        AuthScheme.Sasl => "sasl",
        _ => "polkit",
    };

    public FormatException Bad(string expected) => new($"{Place}: '{Key}' must be {expected}");
}
