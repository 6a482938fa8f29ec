using static Cistern.Storage.Xml.Schemas.CommonSchema;
using static Cistern.Storage.Xml.Schemas.Patterns;

namespace Cistern.Storage.Xml.Schemas;

/// <summary>The <c>secret</c> document.</summary>
internal static class SecretSchema
{
    public static Pattern Secret { get; } = Element(
        "secret",
        Optional(Attribute("ephemeral", ValueRule.YesNo)),
        Optional(Attribute("private", ValueRule.YesNo)),
        Interleave(
            Optional(Leaf("uuid", ValueRule.Uuid)),
            Optional(Element("description", Text)),
            Optional(Element("usage", Choice(
                Usage("volume", Leaf("volume", ValueRule.AbsolutePath)),
                Usage("ceph", Leaf("name", ValueRule.Name)),
                Usage("iscsi", Leaf("target", ValueRule.Name)),
                Usage("tls", Leaf("name", ValueRule.Name)),
                Usage("vtpm", Leaf("name", ValueRule.Name)))))));

    private static Pattern Usage(string type, Pattern id) => Group(Attribute("type", ValueRule.OneOf(type)), id);
}
