using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Xml.Schemas;

namespace Cistern.Storage.Xml;

/// <summary>The <c>pool</c> document.</summary>
public static partial class PoolXml
{
    internal const string FsNamespace = "http://libvirt.org/schemas/storagepool/fs/1.0";
    internal const string RbdNamespace = "http://libvirt.org/schemas/storagepool/rbd/1.0";

    /// <summary>Reads a pool document. A document without uuid gets a random one; the numbers in it are ignored.</summary>
    /// <param name="validate">Refuse elements and attributes that the schema does not know, instead of ignoring them.</param>
    /// <exception cref="StorageException">35: not well-formed; 27: something is missing or malformed; 67, 3: not possible; 92: not valid.</exception>
    public static PoolDefinition Parse(string xml, bool validate, Func<PoolType, PoolTypeInfo> types)
    {
        var root = DocumentReader.Read(xml, "pool");
        if (validate)
        {
            PatternMatch.Check(root, PoolSchema.Pool);
        }

        return Parse(root, types);
    }

    /// <summary>Which pool a document is of, and nothing else of it. A document without uuid gets a random one.</summary>
    /// <exception cref="StorageException">35: not well-formed that far; 27: there is no name, or the uuid is malformed.</exception>
    public static PoolReference ReadReference(string xml)
    {
        var root = DocumentReader.ReadParts(xml, "pool", StorageErrorDomain.Storage, "name", "uuid");
        var name = root.Text("name")
            ?? DocumentReader.ReadParts(xml, "pool", StorageErrorDomain.Storage, "source").Text("source/name")
            ?? throw StorageErrors.XmlMissingElement("name");
        return new(name, ParseUuid(root));
    }

    /// <summary>Reads the <c>poolstate</c> document that <see cref="FormatState"/> writes; the permissions in it are those that the folder had.</summary>
    public static PoolDefinition ParseState(string xml, Func<PoolType, PoolTypeInfo> types)
    {
        var pool = DocumentReader.Read(xml, "poolstate").Find("pool") ?? throw StorageErrors.XmlMissingElement("poolstate/pool");
        var definition = Parse(pool, types);
        return definition.Target is { } target ? definition with { Target = target with { Requested = null } } : definition;
    }

    private static PoolDefinition Parse(Element root, Func<PoolType, PoolTypeInfo> types)
    {
        var type = ParseType(root, types);
        var source = root.Find("source") is { } element
            ? PoolSourceXml.Parse(element, type)
            : PoolSource.Empty with { Format = type.DefaultSourceFormat, Dir = type.DefaultSourceDir };
        var name = ParseName(root, source, type);
        var uuid = ParseUuid(root);
        var cow = ParseCow(root, type);
        source = Complete(source, name, type);
        CheckRequired(source, type);
        return new PoolDefinition
        {
            Type = type.Type,
            Name = name,
            Uuid = uuid,
            Cow = cow,
            Source = source,
            Target = ParseTarget(root, source, type),
            RefreshVolumeAllocation = ParseRefresh(root),
            MountOptions = type.OptionsNamespace == OptionsNamespace.MountOptions ? [.. root.All("mount_opts/option", FsNamespace).Select(ParseMountOption)] : [],
            ConfigOptions = type.OptionsNamespace == OptionsNamespace.ConfigOptions ? [.. root.All("config_opts/option", RbdNamespace).Select(ParseConfigOption)] : [],
        };
    }

    private static PoolTypeInfo ParseType(Element root, Func<PoolType, PoolTypeInfo> types)
    {
        var name = root.Required("type");
        var info = PoolTypes.Find(name) ?? throw StorageErrors.XmlInvalidAttribute("type", "pool", name, "a known pool type");
        return types(info.Type);
    }

    private static string ParseName(Element root, PoolSource source, PoolTypeInfo type)
    {
        var name = root.Text("name") ?? (type.NameFromSource ? source.Name : null) ?? throw StorageErrors.XmlMissingElement("name");
        if (name.Contains('/', StringComparison.Ordinal))
        {
            throw StorageErrors.XmlInvalidElement("name", name, "a name without '/'");
        }

        return name.Contains('\n', StringComparison.Ordinal) ? throw StorageErrors.XmlLineBreak("name") : name;
    }

    private static Guid ParseUuid(Element root)
    {
        if (root.Text("uuid") is not { } text)
        {
            return Guid.NewGuid();
        }

        return UuidText.TryParse(text, out var uuid) ? uuid : throw StorageErrors.XmlInvalidElement("uuid", text, "a uuid of 32 hexadecimal digits");
    }

    private static bool? ParseCow(Element root, PoolTypeInfo type)
    {
        var cow = root.Find("features/cow")?.YesNo("state");
        return cow is null || type.AcceptsCow ? cow : throw StorageErrors.CowNotSupported(type.Name);
    }

    private static PoolSource Complete(PoolSource source, string name, PoolTypeInfo type) =>
        type.NameFromSource && source.Name is null ? source with { Name = name } : source;

    private static void CheckRequired(PoolSource source, PoolTypeInfo type)
    {
        Check(SourceParts.Host, !source.Hosts.IsEmpty, "source/host");
        Check(SourceParts.Dir, source.Dir is not null, "source/dir");
        Check(SourceParts.Adapter, source.Adapter is not null, "source/adapter");
        Check(SourceParts.Device, !source.Devices.IsEmpty, "source/device");
        if (type.Required.HasFlag(SourceParts.InitiatorIqn) && source.InitiatorIqn is null)
        {
            throw StorageErrors.ConfigUnsupported($"element 'source/initiator/iqn' is missing, which a pool of type '{type.Name}' needs");
        }

        void Check(SourceParts part, bool given, string element)
        {
            if (type.Required.HasFlag(part) && !given)
            {
                throw StorageErrors.XmlMissingElement(element);
            }
        }
    }

    private static PoolTarget? ParseTarget(Element root, PoolSource source, PoolTypeInfo type)
    {
        var path = type.TargetPath switch
        {
            TargetPathRule.None => null,
            TargetPathRule.FromSourceName => type.TargetPathPrefix + source.Name,
            _ => root.Text("target/path") ?? throw StorageErrors.XmlMissingElement("target/path"),
        };
        return path is null ? null : new PoolTarget(PathSanitizer.Sanitize(path), PermissionsXml.Parse(root.Find("target/permissions")));
    }

    private static string? ParseRefresh(Element root) => root.Text("refresh/volume", "allocation") switch
    {
        null => null,
        "default" => "default",
        "capacity" => "capacity",
        var other => throw StorageErrors.ConfigUnsupported($"attribute 'allocation' of element 'refresh/volume' must be 'default' or 'capacity', not '{other}'"),
    };

    private static string ParseMountOption(Element element) =>
        element.Attribute("name") ?? throw StorageErrors.Xml("attribute 'name' of element 'fs:option' is missing");

    private static KeyValuePair<string, string> ParseConfigOption(Element element)
    {
        return new(Value("name"), Value("value"));

        string Value(string attribute) => element.Attribute(attribute) is { Length: > 0 } value
            ? value
            : throw StorageErrors.Xml($"attribute '{attribute}' of element 'rbd:option' is missing or empty");
    }
}
