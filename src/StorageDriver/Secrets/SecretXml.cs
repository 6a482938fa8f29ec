using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Xml;
using Cistern.Storage.Xml.Schemas;

namespace Cistern.Storage.Secrets;

/// <summary>The <c>secret</c> document.</summary>
public static class SecretXml
{
    private static readonly UsageForm[] Forms =
    [
        new(SecretUsageType.None, "none", ""),
        new(SecretUsageType.Volume, "volume", "volume"),
        new(SecretUsageType.Ceph, "ceph", "name"),
        new(SecretUsageType.Iscsi, "iscsi", "target"),
        new(SecretUsageType.Tls, "tls", "name"),
        new(SecretUsageType.VTpm, "vtpm", "name"),
    ];

    /// <summary>Reads a secret document. A document without uuid gets a random one.</summary>
    /// <param name="validate">Refuse elements and attributes that the schema does not know, instead of ignoring them.</param>
    /// <exception cref="StorageException">35: not well-formed; 27, 1, 67: something is missing or malformed; 92: not valid.</exception>
    public static SecretDefinition Parse(string xml, bool validate)
    {
        var root = DocumentReader.Read(xml, "secret", StorageErrorDomain.Secret);
        if (validate)
        {
            PatternMatch.Check(root, SecretSchema.Secret);
        }

        return Named(root) with { IsEphemeral = Flag(root, "ephemeral"), IsPrivate = Flag(root, "private"), Description = root.Text("description") };
    }

    /// <summary>Which secret a document is of, and nothing else of it. A document without uuid gets a random one.</summary>
    /// <exception cref="StorageException">35: not well-formed that far; 27, 1, 67: uuid or usage is missing or malformed.</exception>
    public static SecretReference ReadReference(string xml) => Named(DocumentReader.ReadParts(xml, "secret", StorageErrorDomain.Secret, "uuid", "usage")).Reference;

    public static string Format(SecretDefinition secret)
    {
        var xml = new XmlText(stackalloc char[512]);
        xml.Start("secret");
        xml.Attribute("ephemeral", AttributeValues.YesNo(secret.IsEphemeral));
        xml.Attribute("private", AttributeValues.YesNo(secret.IsPrivate));
        xml.Children();
        xml.Leaf("uuid", secret.Uuid.ToString());
        xml.Leaf("description", secret.Description);
        if (secret.UsageType != SecretUsageType.None)
        {
            var form = Forms[(int)secret.UsageType];
            xml.Start("usage");
            xml.Attribute("type", form.Name);
            xml.Children();
            xml.Leaf(form.Element, secret.UsageId);
            xml.Close("usage");
        }

        xml.Close("secret");
        return xml.Finish();
    }

    /// <summary>The word of the <c>type</c> attribute.</summary>
    public static string UsageName(SecretUsageType type) => Forms[(int)type].Name;

    private static SecretDefinition Named(Element root)
    {
        var form = root.Find("usage") is { } usage ? FormOf(usage) : Forms[0];
        var usageId = form.Element.Length == 0 ? "" : root.Text($"usage/{form.Element}") ?? throw StorageErrors.SecretUsageIncomplete(form.Name, form.Element);
        return new(Uuid(root), form.Type, usageId, IsEphemeral: false, IsPrivate: false, Description: null);
    }

    private static UsageForm FormOf(Element usage)
    {
        var word = usage.Attribute("type");
        if (string.IsNullOrEmpty(word))
        {
            throw StorageErrors.SecretUsageTypeMissing();
        }

        return Array.Find(Forms, form => form.Name == word) ?? throw StorageErrors.SecretUsageTypeUnknown(word);
    }

    private static Guid Uuid(Element root) =>
        root.Text("uuid") is not { } text ? Guid.NewGuid()
        : UuidText.TryParse(text, out var uuid) ? uuid
        : throw StorageErrors.SecretUuidMalformed(text);

    private static bool Flag(Element root, string attribute) => root.Attribute(attribute) switch
    {
        null or "" or "no" => false,
        "yes" => true,
        var other => throw StorageErrors.SecretFlagInvalid(attribute, other),
    };

    /// <summary>How a usage is written: the word of its type and the element that holds its id.</summary>
    private sealed record UsageForm(SecretUsageType Type, string Name, string Element);
}
