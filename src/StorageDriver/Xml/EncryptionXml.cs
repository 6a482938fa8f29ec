using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Xml;

/// <summary>The <c>encryption</c> element of volumes.</summary>
internal static class EncryptionXml
{
    private static readonly string[] Formats = ["default", "qcow", "luks", "luks2"];

    public static VolumeEncryption Parse(Element element)
    {
        var format = element.Attribute("format");
        if (string.IsNullOrEmpty(format))
        {
            throw StorageErrors.Xml("attribute 'format' of element 'encryption' is missing");
        }

        if (!Formats.Contains(format))
        {
            throw StorageErrors.ConfigUnsupported($"unknown volume encryption format '{format}'");
        }

        var encryption = new VolumeEncryption(format)
        {
            Engine = element.Attribute("engine") switch
            {
                null => null,
                "qemu" => "qemu",
                "librbd" => "librbd",
                var other => throw StorageErrors.XmlInvalidAttribute("engine", "encryption", other, "'qemu' or 'librbd'"),
            },
            Secrets = [.. element.All("secret").Select(ParseSecret)],
        };
        return format == "luks" ? ParseCipher(element, encryption) : encryption;
    }

    public static void Format(ref XmlText text, VolumeEncryption encryption)
    {
        text.Start("encryption");
        text.Attribute("format", encryption.Format);
        text.Attribute("engine", encryption.Engine);
        text.Children();
        foreach (var secret in encryption.Secrets)
        {
            SecretReferenceXml.Format(ref text, secret.Type, secret.Reference);
        }

        if (encryption.Cipher is { } cipher)
        {
            FormatCipher(ref text, cipher, encryption.Ivgen);
        }

        text.Close("encryption");
    }

    private static EncryptionSecret ParseSecret(Element element) => element.Attribute("type") switch
    {
        "passphrase" => new EncryptionSecret("passphrase", SecretReferenceXml.Parse(element)),
        null or "" => throw StorageErrors.Xml("attribute 'type' of element 'encryption/secret' is missing"),
        var other => throw StorageErrors.ConfigUnsupported($"unknown volume encryption secret type '{other}'"),
    };

    private static VolumeEncryption ParseCipher(Element element, VolumeEncryption encryption)
    {
        if (element.Find("cipher") is { } cipher)
        {
            encryption = encryption with
            {
                Cipher = new EncryptionCipher(
                    cipher.Attribute("name") ?? throw StorageErrors.Xml("attribute 'name' of element 'cipher' is missing"),
                    cipher.UInt32("size") ?? throw StorageErrors.XmlMissingAttribute("size", "cipher"),
                    cipher.Attribute("mode"),
                    cipher.Attribute("hash")),
            };
        }

        if (element.Find("ivgen") is { } ivgen)
        {
            if (encryption.Cipher is null)
            {
                throw StorageErrors.Xml("element 'ivgen' needs element 'cipher'");
            }

            var name = ivgen.Attribute("name") ?? throw StorageErrors.Xml("attribute 'name' of element 'ivgen' is missing");
            encryption = encryption with { Ivgen = new EncryptionIvgen(name, ivgen.Attribute("hash")) };
        }

        return encryption;
    }

    private static void FormatCipher(ref XmlText text, EncryptionCipher cipher, EncryptionIvgen? ivgen)
    {
        text.Start("cipher");
        text.Attribute("name", cipher.Name);
        text.Attribute("size", cipher.Size);
        text.Attribute("mode", cipher.Mode);
        text.Attribute("hash", cipher.Hash);
        text.EndEmpty();
        if (ivgen is not null)
        {
            text.Start("ivgen");
            text.Attribute("name", ivgen.Name);
            text.Attribute("hash", ivgen.Hash);
            text.EndEmpty();
        }
    }
}
