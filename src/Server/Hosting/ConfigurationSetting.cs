using System.Collections.Immutable;
using System.Globalization;

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

    public string Text => Value as string ?? throw Bad("a string");

    /// <summary>Permissions of a file, in octal digits.</summary>
    public UnixFileMode Permissions
    {
        get
        {
            const int All = 0x1ff;
            var mode = 0;
            foreach (var digit in Text)
            {
                mode = digit is >= '0' and <= '7' && mode <= All ? (mode << 3) | (digit - '0') : throw Bad("permissions in octal digits, such as \"0770\"");
            }

            return mode <= All && Text.Length > 0 ? (UnixFileMode)mode : throw Bad("permissions in octal digits, such as \"0770\"");
        }
    }

    /// <summary>The one of these that the text names.</summary>
    public T OneOf<T>(params IReadOnlyList<(string Name, T Meaning)> words) => Named(Text, words);

    /// <summary>Those of these that the list names.</summary>
    public IEnumerable<T> SomeOf<T>(params IReadOnlyList<(string Name, T Meaning)> words) => Strings.Select(text => Named(text, words));

    private T Named<T>(string text, IReadOnlyList<(string Name, T Meaning)> words)
    {
        foreach (var (name, meaning) in words)
        {
            if (name == text)
            {
                return meaning;
            }
        }

        throw Bad($"one of {string.Join(", ", words.Select(word => word.Name))}, not '{text}'");
    }

    /// <summary>A port, quoted (as libvirt has it) or not.</summary>
    public int Port => Value switch
    {
        long number and >= 0 and <= ushort.MaxValue => (int)number,
        string text when ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) => port,
        _ => throw Bad("a port's number"),
    };

    /// <summary>A number that is not less than <paramref name="least"/>.</summary>
    public int Number(int least = 0) => Value is long number && number >= least && number <= int.MaxValue ? (int)number : throw Bad($"a number from {least} on");

    /// <summary>A uuid that tells hosts apart.</summary>
    public Guid Uuid => Guid.TryParseExact(Text, Text.Contains('-', StringComparison.Ordinal) ? "D" : "N", out var uuid) && uuid.ToString("N").Distinct().Count() > 1
        ? uuid
        : throw Bad("a uuid whose digits are not all the same");

    /// <summary>What a text says in a language of its own.</summary>
    public T Parsed<T>(Func<string, T> parse)
    {
        try
        {
            return parse(Text);
        }
        catch (FormatException bad)
        {
            throw new FormatException($"{Place}: '{Key}': {bad.Message}", bad);
        }
    }

    /// <summary>Whether another setting says the same.</summary>
    public bool HasValueOf(ConfigurationSetting other) =>
        Value is ImmutableArray<string> list && other.Value is ImmutableArray<string> others ? list.SequenceEqual(others) : Equals(Value, other.Value);

    public FormatException Bad(string expected) => new($"{Place}: '{Key}' must be {expected}");
}
