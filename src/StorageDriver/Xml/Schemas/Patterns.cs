namespace Cistern.Storage.Xml.Schemas;

/// <summary>Makes patterns, in their simplest form.</summary>
internal static class Patterns
{
    public static Pattern Empty { get; } = new EmptyPattern();

    public static Pattern NotAllowed { get; } = new NotAllowedPattern();

    public static Pattern Text { get; } = new TextPattern();

    public static Pattern Data(ValueRule rule) => new DataPattern(rule);

    public static Pattern Attribute(string name, ValueRule? rule = null) => new AttributePattern(name, rule);

    /// <summary>An element with the parts in this order.</summary>
    public static Pattern Element(string name, params Pattern[] parts) => new ElementPattern(name, Group(parts), "");

    public static Pattern ElementOf(string @namespace, string name, params Pattern[] parts) => new ElementPattern(name, Group(parts), @namespace);

    public static Pattern Optional(Pattern pattern) => Choice(pattern, Empty);

    public static Pattern OneOrMore(Pattern pattern) => pattern is NotAllowedPattern ? pattern : new OneOrMorePattern(pattern);

    public static Pattern ZeroOrMore(Pattern pattern) => Optional(OneOrMore(pattern));

    public static Pattern Choice(params Pattern[] patterns) => patterns.Aggregate(NotAllowed, Choice);

    public static Pattern Choice(Pattern first, Pattern second) => (first, second) switch
    {
        (NotAllowedPattern, _) => second,
        (_, NotAllowedPattern) => first,
        _ => ReferenceEquals(first, second) ? first : new ChoicePattern(first, second),
    };

    public static Pattern Group(params Pattern[] patterns) => patterns.Aggregate(Empty, Group);

    public static Pattern Group(Pattern first, Pattern second) => Both(first, second) ?? new GroupPattern(first, second);

    public static Pattern Interleave(params Pattern[] patterns) => patterns.Aggregate(Empty, Interleave);

    public static Pattern Interleave(Pattern first, Pattern second) => Both(first, second) ?? new InterleavePattern(first, second);

    private static Pattern? Both(Pattern first, Pattern second) => (first, second) switch
    {
        (NotAllowedPattern, _) or (_, EmptyPattern) => first,
        (_, NotAllowedPattern) or (EmptyPattern, _) => second,
        _ => null,
    };
}
