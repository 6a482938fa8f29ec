namespace Cistern.Storage.Xml.Schemas;

/// <summary>Says in words what did not match a pattern.</summary>
internal static class PatternWords
{
    public static string BadAttribute(Pattern pattern, Element element, string name, string value)
    {
        var rules = Parts(pattern).OfType<AttributePattern>().Where(attribute => attribute.Name == name).Select(attribute => attribute.Rule?.Expected).OfType<string>();
        return Or(rules) is { Length: > 0 } expected
            ? $"attribute '{name}' of element '{element.Name}' must be {expected}, not '{value}'"
            : $"element '{element.Name}' may not have attribute '{name}'";
    }

    public static string BadText(Pattern pattern, Element element) =>
        Or(Parts(pattern).OfType<DataPattern>().Select(data => data.Rule.Expected)) is { Length: > 0 } expected
            ? $"element '{element.Name}' must be {expected}, not '{element.Value}'"
            : $"element '{element.Name}' may not have the text '{element.Value.Trim()}'";

    public static string BadChild(Pattern content, Element element, Element child) =>
        Parts(content).OfType<ElementPattern>().Any(named => named.Names(child))
            ? $"element '{element.Name}' may not have element '{child.Name}' again, or not at this place"
            : $"element '{element.Name}' may not have element '{child.Name}'";

    /// <param name="left">What was still to come.</param>
    public static string Missing(Pattern left, Element element) => $"element '{element.Name}' must have {First(left)}";

    /// <summary>The first thing without which <paramref name="pattern"/> does not match.</summary>
    private static string First(Pattern pattern) => pattern switch
    {
        AttributePattern attribute => $"attribute '{attribute.Name}'",
        ElementPattern named => $"element '{named.Name}'",
        DataPattern data => data.Rule.Expected,
        ChoicePattern choice => Or([First(choice.First), First(choice.Second)]),
        GroupPattern group => First(group.First.Nullable ? group.Second : group.First),
        InterleavePattern both => First(both.First.Nullable ? both.Second : both.First),
        OneOrMorePattern many => First(many.Repeated),
        _ => "less",
    };

    /// <summary>The pattern's parts that belong to the same element.</summary>
    private static IEnumerable<Pattern> Parts(Pattern pattern) => pattern switch
    {
        ChoicePattern choice => Parts(choice.First).Concat(Parts(choice.Second)),
        GroupPattern group => Parts(group.First).Concat(Parts(group.Second)),
        InterleavePattern both => Parts(both.First).Concat(Parts(both.Second)),
        OneOrMorePattern many => Parts(many.Repeated),
        _ => [pattern],
    };

    private static string Or(IEnumerable<string> words) => string.Join(" or ", words.Distinct());
}
