using static Cistern.Storage.Xml.Schemas.Patterns;

namespace Cistern.Storage.Xml.Schemas;

/// <summary>What the documents have in common.</summary>
internal static class CommonSchema
{
    public static Pattern OwnerAndMode { get; } = Optional(Element("permissions", Interleave(
        Optional(Leaf("mode", ValueRule.Mode)),
        Optional(Leaf("owner", ValueRule.Id)),
        Optional(Leaf("group", ValueRule.Id)),
        Optional(Element("label", Text)))));

    public static Pattern Leaf(string name, ValueRule rule) => Element(name, Data(rule));

    /// <summary>An element that has nothing but one attribute.</summary>
    public static Pattern Carrier(string name, string attribute, ValueRule? rule = null) => Element(name, Attribute(attribute, rule));

    /// <summary>A number of bytes, or of another unit.</summary>
    public static Pattern Size(string name) => Element(name, Optional(Attribute("unit", ValueRule.Unit)), Data(ValueRule.UnsignedLong));

    /// <summary>A device of a source, with pieces of it.</summary>
    public static Pattern Extents(string name) => ZeroOrMore(Element(
        name, Attribute("start", ValueRule.UnsignedLong), Attribute("end", ValueRule.UnsignedLong)));

    /// <summary>Names a secret by uuid or usage.</summary>
    public static Pattern SecretReference(ValueRule? uuid = null) => Choice(Attribute("uuid", uuid), Attribute("usage"));
}
