using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Xml;

/// <summary>The <c>secret</c> element, which names a secret by uuid or by usage.</summary>
internal static class SecretReferenceXml
{
    public static SecretReference Parse(Element element)
    {
        var uuid = element.Attribute("uuid");
        var usage = element.Attribute("usage");
        if (uuid is null == usage is null)
        {
            throw StorageErrors.InvalidSecretReference("element 'secret' must have one of the attributes 'uuid' and 'usage'");
        }

        if (uuid is null)
        {
            return new SecretReference(null, usage);
        }

        return UuidText.TryParse(uuid, out var value)
            ? new SecretReference(value, null)
            : throw StorageErrors.InvalidSecretReference($"attribute 'uuid' of element 'secret' must be a uuid, not '{uuid}'");
    }

    public static void Format(ref XmlText text, string? type, SecretReference secret)
    {
        text.Start("secret");
        text.Attribute("type", type);
        if (secret.Uuid is { } uuid)
        {
            text.Attribute("uuid", uuid);
        }

        text.Attribute("usage", secret.Usage);
        text.EndEmpty();
    }
}
