using Cistern.Storage.Errors;
using static Cistern.Storage.Xml.Schemas.Patterns;

namespace Cistern.Storage.Xml.Schemas;

/// <summary>
/// Matches elements with patterns by derivatives: what is left to match after an attribute, a text or a child. Of what does not match it
/// keeps the innermost place, which is what a person has to look at.
/// </summary>
internal sealed class PatternMatch
{
    private (int Depth, string? Reason) _failure;

    /// <exception cref="StorageException">92: names the element or attribute that does not fit.</exception>
    public static void Check(Element root, Pattern schema)
    {
        var match = new PatternMatch();
        if (match.AfterChild(schema, root, 0) is NotAllowedPattern)
        {
            throw StorageErrors.XmlInvalidSchema(match._failure.Reason!);
        }
    }

    private bool Matches(Pattern content, Element element, int depth)
    {
        var left = content;
        foreach (var (name, value) in element.Attributes)
        {
            var before = left;
            left = AfterAttribute(left, name, value);
            if (left is NotAllowedPattern)
            {
                return Fail(depth, PatternWords.BadAttribute(before, element, name, value));
            }
        }

        var attributesLeft = left;
        left = WithoutAttributes(left);
        if (left is NotAllowedPattern)
        {
            return Fail(depth, PatternWords.Missing(attributesLeft, element));
        }

        left = AfterContent(left, content, element, depth);
        return left is not NotAllowedPattern && (left.Nullable || Fail(depth, PatternWords.Missing(left, element)));
    }

    private Pattern AfterContent(Pattern left, Pattern content, Element element, int depth)
    {
        if (!element.Children.Any())
        {
            var text = element.Value;
            var after = AfterText(left, text);
            after = string.IsNullOrWhiteSpace(text) ? Choice(left, after) : after;
            if (after is NotAllowedPattern)
            {
                Fail(depth, PatternWords.BadText(left, element));
            }

            return after;
        }

        if (element.HasTextBesideElements)
        {
            Fail(depth, PatternWords.BadText(left, element));
            return NotAllowed;
        }

        foreach (var child in element.Children)
        {
            var failure = _failure;
            left = AfterChild(left, child, depth + 1);
            if (left is NotAllowedPattern)
            {
                Fail(depth, PatternWords.BadChild(content, element, child));
                return left;
            }

            _failure = failure; // another alternative took the child
        }

        return left;
    }

    private bool Fail(int depth, string reason)
    {
        if (_failure.Reason is null || depth > _failure.Depth)
        {
            _failure = (depth, reason);
        }

        return false;
    }

    private Pattern AfterChild(Pattern pattern, Element child, int depth) => pattern switch
    {
        ElementPattern named => named.Names(child) && Matches(named.Content, child, depth) ? Empty : NotAllowed,
        _ => Derive(pattern, part => AfterChild(part, child, depth), inOrder: true),
    };

    private static Pattern AfterText(Pattern pattern, string text) => pattern switch
    {
        TextPattern => pattern,
        DataPattern data => data.Rule.Accepts(text) ? Empty : NotAllowed,
        _ => Derive(pattern, part => AfterText(part, text), inOrder: true),
    };

    private static Pattern AfterAttribute(Pattern pattern, string name, string value) => pattern switch
    {
        AttributePattern attribute => attribute.Name == name && attribute.Rule?.Accepts(value) != false ? Empty : NotAllowed,
        _ => Derive(pattern, part => AfterAttribute(part, name, value), inOrder: false),
    };

    /// <param name="inOrder">The second part of a group is reached only through the first; attributes have no order.</param>
    private static Pattern Derive(Pattern pattern, Func<Pattern, Pattern> after, bool inOrder)
    {
        switch (pattern)
        {
            case ChoicePattern choice:
                return Choice(after(choice.First), after(choice.Second));
            case InterleavePattern both:
                return Choice(Interleave(after(both.First), both.Second), Interleave(both.First, after(both.Second)));
            case GroupPattern { First: var first, Second: var second }:
                var derived = Group(after(first), second);
                return !inOrder ? Choice(derived, Group(first, after(second)))
                    : first.Nullable ? Choice(derived, after(second)) : derived;
            case OneOrMorePattern many:
                return Group(after(many.Repeated), Optional(many));
            default:
                return NotAllowed;
        }
    }

    /// <summary>The start tag is over: attributes that did not come are missing.</summary>
    private static Pattern WithoutAttributes(Pattern pattern) => pattern switch
    {
        AttributePattern => NotAllowed,
        ChoicePattern choice => Choice(WithoutAttributes(choice.First), WithoutAttributes(choice.Second)),
        InterleavePattern both => Interleave(WithoutAttributes(both.First), WithoutAttributes(both.Second)),
        GroupPattern group => Group(WithoutAttributes(group.First), WithoutAttributes(group.Second)),
        OneOrMorePattern many => OneOrMore(WithoutAttributes(many.Repeated)),
        _ => pattern,
    };
}
