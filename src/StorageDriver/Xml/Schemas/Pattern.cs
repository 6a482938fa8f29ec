namespace Cistern.Storage.Xml.Schemas;

/// <summary>What may stand in an element: RELAX NG's patterns, of which the schemas are made.</summary>
/// <param name="Nullable">Nothing at all matches too.</param>
internal abstract record Pattern(bool Nullable);

/// <summary>Nothing.</summary>
internal sealed record EmptyPattern() : Pattern(true);

/// <summary>Not even nothing: what is left of a pattern when something did not match.</summary>
internal sealed record NotAllowedPattern() : Pattern(false);

/// <summary>Any text.</summary>
internal sealed record TextPattern() : Pattern(true);

/// <summary>Text that keeps a rule.</summary>
internal sealed record DataPattern(ValueRule Rule) : Pattern(false);

/// <summary>An attribute without a namespace.</summary>
/// <param name="Rule">Null: any value.</param>
internal sealed record AttributePattern(string Name, ValueRule? Rule) : Pattern(false);

/// <summary>An element and what is in it.</summary>
internal sealed record ElementPattern(string Name, Pattern Content, string Namespace) : Pattern(false)
{
    public bool Names(Element element) => element.Name == Name && element.Namespace == Namespace;
}

/// <summary>One or the other.</summary>
internal sealed record ChoicePattern(Pattern First, Pattern Second) : Pattern(First.Nullable || Second.Nullable);

/// <summary>One after the other.</summary>
internal sealed record GroupPattern(Pattern First, Pattern Second) : Pattern(First.Nullable && Second.Nullable);

/// <summary>Both, mixed in any way.</summary>
internal sealed record InterleavePattern(Pattern First, Pattern Second) : Pattern(First.Nullable && Second.Nullable);

/// <summary>One or more, one after the other.</summary>
internal sealed record OneOrMorePattern(Pattern Repeated) : Pattern(Repeated.Nullable);
