using System.Collections.Immutable;
using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Xml;

/// <summary>The <c>source</c> element of pools, of source specifications and of source lists.</summary>
internal static class PoolSourceXml
{
    private static readonly string[] ProtocolFormats = ["auto", "nfs"];

    /// <summary>Reads every part that is there; which of them the type requires is checked by the pool document.</summary>
    /// <param name="isSpecification">It says where to look for sources: what they are called, nobody knows yet.</param>
    public static PoolSource Parse(Element element, PoolTypeInfo type, bool isSpecification = false)
    {
        var name = element.Text("name");
        if (name is null && !isSpecification && type.Required.HasFlag(SourceParts.Name))
        {
            throw StorageErrors.XmlMissingElement("source/name");
        }

        var format = ParseFormat(element, type);
        return new PoolSource
        {
            Name = name,
            Format = format,
            Hosts = [.. element.All("host").Select(ParseHost)],
            InitiatorIqn = element.Text("initiator/iqn", "name"),
            Devices = [.. element.All("device").Select(ParseDevice)],
            Dir = element.Text("dir", "path") is { } dir ? PathSanitizer.Sanitize(dir) : type.DefaultSourceDir,
            Adapter = type.Accepted.HasFlag(SourceParts.Adapter) && element.Find("adapter") is { } adapter ? AdapterXml.Parse(adapter) : null,
            Auth = element.Find("auth") is { } auth ? ParseAuth(auth) : null,
            ProtocolVersion = ParseProtocolVersion(element, format, type),
            Vendor = element.Text("vendor", "name"),
            Product = element.Text("product", "name"),
        };
    }

    /// <param name="withFreeExtents">Free space is known only while the pool runs.</param>
    public static void Format(ref XmlText text, PoolSource source, PoolTypeInfo type, bool withFreeExtents)
    {
        text.Open("source");
        if (type.Accepted.HasFlag(SourceParts.Host))
        {
            FormatHosts(ref text, source.Hosts);
        }

        if (type.Accepted.HasFlag(SourceParts.Device))
        {
            FormatDevices(ref text, source.Devices, withFreeExtents);
        }

        if (type.Accepted.HasFlag(SourceParts.Dir))
        {
            FormatAttributeElement(ref text, "dir", "path", source.Dir);
        }

        if (source.Adapter is { } adapter)
        {
            AdapterXml.Format(ref text, adapter);
        }

        if (type.Accepted.HasFlag(SourceParts.Name))
        {
            text.Leaf("name", source.Name);
        }

        if (type.Accepted.HasFlag(SourceParts.InitiatorIqn) && source.InitiatorIqn is { } iqn)
        {
            text.Open("initiator");
            FormatAttributeElement(ref text, "iqn", "name", iqn);
            text.Close("initiator");
        }

        FormatAttributeElement(ref text, "format", "type", source.Format);
        if (source.Auth is { } auth)
        {
            FormatAuth(ref text, auth);
        }

        FormatAttributeElement(ref text, "protocol", "ver", source.ProtocolVersion);
        FormatAttributeElement(ref text, "vendor", "name", source.Vendor);
        FormatAttributeElement(ref text, "product", "name", source.Product);
        text.Close("source");
    }

    private static string? ParseFormat(Element element, PoolTypeInfo type)
    {
        if (type.DefaultSourceFormat is not { } standard)
        {
            return null;
        }

        var format = element.Text("format", "type") ?? standard;
        return type.SourceFormats.Contains(format) ? format : throw StorageErrors.UnknownPoolFormat(format, type.Name);
    }

    private static SourceHost ParseHost(Element element)
    {
        var name = element.Attribute("name") ?? throw StorageErrors.XmlMissingElement("source/host with attribute 'name'");
        return new SourceHost(name, element.Int32("port") ?? 0);
    }

    private static SourceDevice ParseDevice(Element element)
    {
        var path = element.Attribute("path") ?? throw StorageErrors.XmlMissingElement("source/device with attribute 'path'");
        return new SourceDevice(path, element.YesNo("part_separator"));
    }

    private static SourceAuth ParseAuth(Element element)
    {
        var username = NotEmpty(element.Attribute("username")) ?? throw StorageErrors.Xml("attribute 'username' of element 'auth' is missing");
        var type = element.Attribute("type") switch
        {
            "chap" or "ceph" => element.Attribute("type")!,
            null or "" or "none" => null,
            var other => throw StorageErrors.ConfigUnsupported($"unknown authentication type '{other}'"),
        };
        var secret = element.Find("secret") ?? throw StorageErrors.XmlMissingElement("auth/secret");
        var reference = SecretReferenceXml.Parse(secret);
        return type is null
            ? throw StorageErrors.ConfigUnsupported("attribute 'type' of element 'auth' is missing")
            : new SourceAuth(type, username, reference, secret.Attribute("type"));
    }

    private static string? NotEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;

    private static string? ParseProtocolVersion(Element element, string? format, PoolTypeInfo type)
    {
        var version = element.Text("protocol", "ver");
        if (version is null)
        {
            return null;
        }

        if (type.SourceFormats.Contains("nfs") && !ProtocolFormats.Contains(format))
        {
            throw StorageErrors.ConfigUnsupported($"element 'protocol' is for the formats 'nfs' and 'auto', not '{format}'");
        }

        return version.Contains(',', StringComparison.Ordinal)
            ? throw StorageErrors.XmlNotWellFormed($"attribute 'ver' of element 'protocol' must not contain a comma: '{version}'")
            : version;
    }

    private static void FormatHosts(ref XmlText text, ImmutableArray<SourceHost> hosts)
    {
        foreach (var host in hosts)
        {
            text.Start("host");
            text.Attribute("name", host.Name);
            if (host.Port != 0)
            {
                text.Attribute("port", host.Port);
            }

            text.EndEmpty();
        }
    }

    private static void FormatDevices(ref XmlText text, ImmutableArray<SourceDevice> devices, bool withFreeExtents)
    {
        foreach (var device in devices)
        {
            text.Start("device");
            text.Attribute("path", device.Path);
            text.Attribute("part_separator", device.PartSeparator is { } separator ? AttributeValues.YesNo(separator) : null);
            if (!withFreeExtents || device.FreeExtents.IsEmpty)
            {
                text.EndEmpty();
                continue;
            }

            text.Children();
            foreach (var extent in device.FreeExtents)
            {
                text.Start("freeExtent");
                text.Attribute("start", extent.Start);
                text.Attribute("end", extent.End);
                text.EndEmpty();
            }

            text.Close("device");
        }
    }

    private static void FormatAuth(ref XmlText text, SourceAuth auth)
    {
        text.Start("auth");
        text.Attribute("type", auth.Type);
        text.Attribute("username", auth.Username);
        text.Children();
        SecretReferenceXml.Format(ref text, auth.SecretType, auth.Secret);
        text.Close("auth");
    }

    private static void FormatAttributeElement(ref XmlText text, string element, string attribute, string? value)
    {
        if (value is null)
        {
            return;
        }

        text.Start(element);
        text.Attribute(attribute, value);
        text.EndEmpty();
    }
}
