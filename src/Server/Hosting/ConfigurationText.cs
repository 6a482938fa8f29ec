using System.Collections.Immutable;
using System.Globalization;

namespace Cistern.Server.Hosting;

/// <summary>
/// Reads libvirt's configuration syntax: <c>key = value</c> on a line or before a <c>;</c>, <c>#</c> begins a comment. A value is a whole number,
/// a string in single, double or tripled double quotes (no character escapes another), or a list of such in brackets, over several lines if wanted.
/// </summary>
internal sealed class ConfigurationText
{
    private const string Tripled = "\"\"\"";

    private readonly string _name;
    private readonly string _text;
    private int _at;
    private int _line = 1;

    private ConfigurationText(string name, string text)
    {
        _name = name;
        _text = text;
    }

    private char Next => _at < _text.Length ? _text[_at] : '\0';

    /// <param name="name">Of the file, for errors.</param>
    /// <exception cref="FormatException">Names file and line.</exception>
    public static IEnumerable<ConfigurationSetting> Parse(string name, string text) => new ConfigurationText(name, text).Settings();

    private IEnumerable<ConfigurationSetting> Settings()
    {
        while (true)
        {
            SkipBetweenSettings();
            if (_at == _text.Length)
            {
                yield break;
            }

            var place = Place;
            var key = Key();
            SkipBlanks();
            Take('=', $"'=' is expected after '{key}'");
            SkipBlanks();
            yield return new ConfigurationSetting(place, key, Value());
            SkipBlanks();
            if (_at < _text.Length && Next is not ('\r' or '\n' or ';' or '#'))
            {
                throw Bad($"the line should end after the value of '{key}'");
            }
        }
    }

    private string Place => $"{_name}:{_line}";

    private string Key()
    {
        var start = _at;
        while (char.IsAsciiLetter(Next) || (_at > start && (char.IsAsciiDigit(Next) || Next == '_')))
        {
            _at++;
        }

        return _at > start ? _text[start.._at] : throw Bad($"a key is expected, not '{Shown}'");
    }

    private object Value() => Next switch
    {
        '[' => List(),
        '"' or '\'' => String(),
        '+' or '-' or (>= '0' and <= '9') => Number(),
        _ => throw Bad($"a number, a quoted string or a list in brackets is expected, not '{Shown}'"),
    };

    private long Number()
    {
        var start = _at++;
        while (char.IsAsciiDigit(Next))
        {
            _at++;
        }

        var digits = _text.AsSpan(start, _at - start);
        return long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw Bad($"'{digits}' is not a number");
    }

    private string String()
    {
        var quote = _text.AsSpan(_at).StartsWith(Tripled, StringComparison.Ordinal) ? Tripled : _text[_at..(_at + 1)];
        var start = _at + quote.Length;
        var end = _text.IndexOf(quote, start, StringComparison.Ordinal);
        var text = end < 0 ? throw Bad("a string has no end") : _text[start..end];
        var lines = text.Count(letter => letter == '\n');
        if (lines > 0 && quote != Tripled)
        {
            throw Bad("a string has no end on its line");
        }

        (_at, _line) = (end + quote.Length, _line + lines);
        return text;
    }

    private ImmutableArray<string> List()
    {
        List<string> items = [];
        _at++;
        while (true)
        {
            SkipBetweenItems();
            if (Next == ']')
            {
                _at++;
                return [.. items];
            }

            items.Add(Next is '"' or '\'' ? String() : throw Bad($"a quoted string is expected in a list, not '{Shown}'"));
            SkipBetweenItems();
            if (Next != ']')
            {
                Take(',', "',' or ']' is expected in a list");
            }
        }
    }

    private void SkipBetweenSettings() => Skip(" \t\r\n;");

    private void SkipBetweenItems() => Skip(" \t\r\n");

    private void SkipBlanks()
    {
        while (Next is ' ' or '\t')
        {
            _at++;
        }
    }

    /// <summary>Skips the characters given, and comments.</summary>
    private void Skip(string characters)
    {
        for (; _at < _text.Length && (Next == '#' || characters.Contains(Next, StringComparison.Ordinal)); _at++)
        {
            if (Next == '#')
            {
                _at = _text.IndexOf('\n', _at) is >= 0 and var end ? end : _text.Length - 1;
            }

            _line += Next == '\n' ? 1 : 0;
        }
    }

    private void Take(char expected, string otherwise)
    {
        if (Next != expected)
        {
            throw Bad($"{otherwise}, not '{Shown}'");
        }

        _at++;
    }

    private string Shown => _at == _text.Length ? "the end of the file" : char.IsControl(Next) ? "the end of the line" : _text[_at..(_at + 1)];

    private FormatException Bad(string what) => new($"{Place}: {what}");
}
