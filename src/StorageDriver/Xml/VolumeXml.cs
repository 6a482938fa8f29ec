using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Xml.Schemas;

namespace Cistern.Storage.Xml;

/// <summary>The <c>volume</c> document.</summary>
public static partial class VolumeXml
{
    private const string DefaultFeaturesCompat = "1.1";

    private static readonly string[] Kinds = ["file", "block", "dir", "network", "netdir", "ploop"];

    /// <summary>Reads a volume document. Key, kind and target path are read as given; a backend replaces them.</summary>
    /// <param name="validate">Refuse elements and attributes that the schema does not know, instead of ignoring them.</param>
    /// <exception cref="StorageException">35: not well-formed; 27: something is missing or malformed; 67: not known; 8, 82: size; 92: not valid.</exception>
    public static VolumeDefinition Parse(string xml, PoolTypeInfo type, VolumeParseMode mode, bool validate)
    {
        var root = DocumentReader.Read(xml, "volume");
        if (validate)
        {
            PatternMatch.Check(root, VolumeSchema.Volume);
        }

        var name = ParseName(root);
        var kind = ParseKind(root);
        var backing = ParseBackingStore(root, type);
        var capacity = ParseSize(root, "capacity");
        if (capacity is null && mode == VolumeParseMode.Create && backing is null)
        {
            throw StorageErrors.XmlMissingElement("capacity");
        }

        var allocation = ParseSize(root, "allocation");
        return new VolumeDefinition
        {
            Name = name,
            Key = root.Text("key"),
            Kind = kind,
            Capacity = capacity ?? 0,
            Allocation = allocation ?? capacity ?? 0,
            AllocationGiven = allocation is not null,
            Target = ParseTarget(root, type),
            BackingStore = backing,
        };
    }

    /// <summary>The name of a document's volume, and nothing else of it.</summary>
    /// <exception cref="StorageException">35: not well-formed that far; 27: there is no name.</exception>
    public static string ReadName(string xml) => ParseName(DocumentReader.ReadParts(xml, "volume", StorageErrorDomain.Storage, "name"));

    private static string ParseName(Element root) => root.Text("name") ?? throw StorageErrors.XmlMissingElement("name");

    private static VolumeKind ParseKind(Element root)
    {
        var word = root.Attribute("type");
        if (string.IsNullOrEmpty(word))
        {
            return VolumeKind.File;
        }

        var kind = Array.IndexOf(Kinds, word);
        return kind >= 0 ? (VolumeKind)kind : throw StorageErrors.ConfigUnsupported($"unknown volume type '{word}'");
    }

    private static BackingStore? ParseBackingStore(Element root, PoolTypeInfo type)
    {
        if (root.Text("backingStore/path") is not { } path)
        {
            return null;
        }

        return new BackingStore(path, ParseFormat(root, "backingStore/format", type))
        {
            Permissions = PermissionsXml.Parse(root.Find("backingStore/permissions")),
        };
    }

    private static string? ParseFormat(Element root, string element, PoolTypeInfo type)
    {
        if (type.DefaultVolumeFormat is not { } standard)
        {
            return null;
        }

        var format = root.Text(element, "type") ?? standard;
        return type.VolumeFormats.Contains(format) && (format != "none" || standard == "none")
            ? format
            : throw StorageErrors.UnknownVolumeFormat(format, type.Name);
    }

    /// <summary>Bytes; null when the element is absent or empty.</summary>
    private static ulong? ParseSize(Element root, string element)
    {
        if (root.Text(element) is not { } text)
        {
            return null;
        }

        return NumberText.TryParse(text, out ulong value)
            ? Units.Scale(value, root.Text(element, "unit"))
            : throw StorageErrors.XmlInvalidElement(element, text, "a number that is not negative");
    }

    private static VolumeTarget ParseTarget(Element root, PoolTypeInfo type)
    {
        var format = ParseFormat(root, "target/format", type);
        var permissions = PermissionsXml.Parse(root.Find("target/permissions"));
        var encryption = root.Find("target/encryption") is { } element ? EncryptionXml.Parse(element) : null;
        var compat = ParseCompat(root);
        var clusterSize = ParseClusterSize(root);
        var features = ParseFeatures(root);
        return new VolumeTarget
        {
            Path = root.Text("target/path"),
            Format = format,
            Permissions = permissions,
            Encryption = encryption,
            Compat = compat ?? (features is null ? null : DefaultFeaturesCompat),
            NoCow = root.Find("target/nocow") is not null,
            ClusterSize = clusterSize,
            Features = features,
        };
    }

    /// <summary>Two numbers joined by a dot; as in libvirt they may be negative, which only qemu-img refuses.</summary>
    private static string? ParseCompat(Element root)
    {
        if (root.Text("target/compat") is not { } compat)
        {
            return null;
        }

        var dot = compat.IndexOf('.');
        return dot > 0 && IsVersion(compat.AsSpan(0, dot)) && IsVersion(compat.AsSpan(dot + 1))
            ? compat
            : throw StorageErrors.XmlInvalidElement("compat", compat, "two numbers joined by a dot");
    }

    private static bool IsVersion(ReadOnlySpan<char> text) => NumberText.TryParse(text, -(long)uint.MaxValue, uint.MaxValue, out _);

    private static ulong ParseClusterSize(Element root)
    {
        if (root.Text("target/clusterSize") is not { } text)
        {
            return 0;
        }

        return NumberText.TryParse(text, out ulong value)
            ? Units.Scale(value, root.Text("target/clusterSize", "unit"), ulong.MaxValue)
            : throw StorageErrors.XmlInvalidElement("clusterSize", text, "a number that is not negative", StorageErrorDomain.Xml);
    }

    private static VolumeFeatures? ParseFeatures(Element root)
    {
        if (root.Find("target/features") is null)
        {
            return null;
        }

        var features = VolumeFeatures.None;
        foreach (var feature in root.All("target/features").SelectMany(element => element.Children))
        {
            features |= feature.Name switch
            {
                "lazy_refcounts" => VolumeFeatures.LazyRefcounts,
                "extended_l2" => VolumeFeatures.ExtendedL2,
                _ => throw StorageErrors.ConfigUnsupported($"unknown volume feature '{feature.Name}'"),
            };
        }

        return features;
    }
}
