using Cistern.Storage.Errors;

namespace Cistern.Storage.Xml;

/// <summary>What an element may hold: attributes, elements, and for some what their text looks like. Order does not matter.</summary>
/// <param name="Children">Elements without an entry are refused.</param>
internal sealed record Schema(string Name, string[]? Attributes = null, Schema[]? Children = null)
{
    public string Namespace { get; init; } = "";

    public bool Required { get; init; }

    public bool Repeats { get; init; }

    /// <summary>Attributes that must be there, a part of <see cref="Attributes"/>.</summary>
    public string[] RequiredAttributes { get; init; } = [];

    /// <summary>What the element's text must be; null: anything.</summary>
    public ValueRule? Text { get; init; }

    /// <summary>What the attributes' values must be; any for those that are not named.</summary>
    public Dictionary<string, ValueRule> Values { get; init; } = [];

    /// <exception cref="StorageException">92: names the first element or attribute that does not fit.</exception>
    public void Check(Element element)
    {
        foreach (var (attribute, value) in element.Attributes)
        {
            if (Attributes?.Contains(attribute) != true)
            {
                throw StorageErrors.XmlInvalidSchema($"element '{element.Name}' may not have attribute '{attribute}'");
            }

            if (Values.TryGetValue(attribute, out var rule) && !rule.Accepts(value))
            {
                throw StorageErrors.XmlInvalidSchema($"attribute '{attribute}' of element '{element.Name}' must be {rule.Expected}, not '{value}'");
            }
        }

        foreach (var attribute in RequiredAttributes)
        {
            if (element.Attribute(attribute) is null)
            {
                throw StorageErrors.XmlInvalidSchema($"element '{element.Name}' must have attribute '{attribute}'");
            }
        }

        if (Text?.Accepts(element.Value) == false)
        {
            throw StorageErrors.XmlInvalidSchema($"element '{element.Name}' must be {Text.Expected}, not '{element.Value}'");
        }

        CheckChildren(element);
    }

    private void CheckChildren(Element element)
    {
        var seen = new HashSet<Schema>(ReferenceEqualityComparer.Instance);
        foreach (var child in element.Children)
        {
            var schema = Children?.FirstOrDefault(s => s.Name == child.Name && s.Namespace == child.Namespace)
                ?? throw StorageErrors.XmlInvalidSchema($"element '{element.Name}' may not have element '{child.Name}'");
            if (!seen.Add(schema) && !schema.Repeats)
            {
                throw StorageErrors.XmlInvalidSchema($"element '{element.Name}' may have element '{child.Name}' only once");
            }

            schema.Check(child);
        }

        foreach (var schema in Children ?? [])
        {
            if (schema.Required && !seen.Contains(schema))
            {
                throw StorageErrors.XmlInvalidSchema($"element '{element.Name}' must have element '{schema.Name}'");
            }
        }
    }
}
