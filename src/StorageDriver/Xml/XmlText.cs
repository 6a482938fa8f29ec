using System.Buffers;
using System.Diagnostics;

namespace Cistern.Storage.Xml;

/// <summary>
/// Writes a document in libvirt's layout: two blanks a level, one element a line, attributes in single quotes. Grows on pooled memory,
/// so a document costs one allocation, its string.
/// </summary>
internal ref struct XmlText(Span<char> initial, int indent = 0)
{
    private const string Special =
        "<>&'\"\r\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\u000b\f\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\ufffe\uffff";

    private static readonly SearchValues<char> SpecialInText = SearchValues.Create(Special);

    /// <summary>A reader takes a line break or tab in an attribute for a blank unless it is escaped.</summary>
    private static readonly SearchValues<char> SpecialInAttributes = SearchValues.Create(Special + "\t\n");

    private Span<char> _buffer = initial;
    private char[]? _rented;
    private int _length;
    private int _indent = indent;

    /// <summary>Begins a start tag; attributes may follow, then <see cref="Children"/> or <see cref="EndEmpty"/>.</summary>
    public void Start(string name)
    {
        Indent();
        Append('<');
        Append(name);
    }

    /// <summary>Writes nothing for a null value.</summary>
    public void Attribute(string name, string? value)
    {
        if (value is null)
        {
            return;
        }

        StartAttribute(name);
        AppendEscaped(value, SpecialInAttributes);
        Append('\'');
    }

    public void Attribute<T>(string name, T value, ReadOnlySpan<char> format = default)
        where T : ISpanFormattable
    {
        StartAttribute(name);
        AppendFormatted(value, format);
        Append('\'');
    }

    /// <summary>Ends the start tag; what follows is one level deeper.</summary>
    public void Children()
    {
        Append(">\n");
        _indent += 2;
    }

    public void EndEmpty() => Append("/>\n");

    /// <summary>Start tag without attributes, open for children. An element opened so is written on two lines even when it stays empty.</summary>
    public void Open(string name)
    {
        Start(name);
        Children();
    }

    public void Close(string name)
    {
        _indent -= 2;
        Indent();
        EndTag(name);
    }

    public void Empty(string name)
    {
        Start(name);
        EndEmpty();
    }

    /// <summary>An element with text; nothing for a null value.</summary>
    public void Leaf(string name, string? value)
    {
        if (value is null)
        {
            return;
        }

        Start(name);
        Append('>');
        AppendEscaped(value, SpecialInText);
        EndTag(name);
    }

    public void Leaf<T>(string name, T value, string? unit = null)
        where T : ISpanFormattable
    {
        Start(name);
        Attribute("unit", unit);
        Append('>');
        AppendFormatted(value, default);
        EndTag(name);
    }

    /// <summary>Begins a line at the current level.</summary>
    private void Indent()
    {
        Reserve(_indent).Fill(' ');
        _length += _indent;
    }

    /// <summary>The document; the writer cannot be used afterwards.</summary>
    public string Finish()
    {
        var text = _buffer[.._length].ToString();
        if (_rented is not null)
        {
            ArrayPool<char>.Shared.Return(_rented);
        }

        this = default;
        return text;
    }

    private void StartAttribute(string name)
    {
        Append(' ');
        Append(name);
        Append("='");
    }

    private void EndTag(string name)
    {
        Append("</");
        Append(name);
        Append(">\n");
    }

    private void Append(char value)
    {
        Reserve(1)[0] = value;
        _length++;
    }

    private void Append(ReadOnlySpan<char> value)
    {
        value.CopyTo(Reserve(value.Length));
        _length += value.Length;
    }

    private void AppendFormatted<T>(T value, ReadOnlySpan<char> format)
        where T : ISpanFormattable
    {
        var formatted = value.TryFormat(Reserve(64), out var written, format, null);
        Debug.Assert(formatted, "numbers and uuids fit into 64 characters");
        _length += written;
    }

    /// <summary>Control characters that XML cannot carry are dropped, as libvirt drops them.</summary>
    private void AppendEscaped(ReadOnlySpan<char> value, SearchValues<char> special)
    {
        int at;
        while ((at = value.IndexOfAny(special)) >= 0)
        {
            Append(value[..at]);
            Append(value[at] switch
            {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '\'' => "&apos;",
                '"' => "&quot;",
                '\t' => "&#9;",
                '\n' => "&#10;",
                '\r' => "&#13;",
                _ => "",
            });
            value = value[(at + 1)..];
        }

        Append(value);
    }

    private Span<char> Reserve(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Grow(count);
        }

        return _buffer.Slice(_length, count);
    }

    private void Grow(int count)
    {
        var larger = ArrayPool<char>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + count));
        _buffer[.._length].CopyTo(larger);
        if (_rented is not null)
        {
            ArrayPool<char>.Shared.Return(_rented);
        }

        _buffer = _rented = larger;
    }
}
