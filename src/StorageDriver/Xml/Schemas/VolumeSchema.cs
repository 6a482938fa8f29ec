using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Disk;
using Cistern.Storage.Backends.Fs;
using static Cistern.Storage.Xml.Schemas.CommonSchema;
using static Cistern.Storage.Xml.Schemas.Patterns;

namespace Cistern.Storage.Xml.Schemas;

/// <summary>The <c>volume</c> document. It does not depend on the type of the pool.</summary>
internal static class VolumeSchema
{
    private static readonly Pattern Format = Optional(Carrier("format", "type", ValueRule.OneOf(
        [.. FileFormats.All.Concat(DiskPoolType.Info.VolumeFormats).Concat(FsPoolType.Info.SourceFormats).Append("luks").Append("unknown").Distinct()])));

    private static readonly Pattern Timestamps = Optional(Element("timestamps", Interleave(
        Optional(Leaf("atime", ValueRule.Timestamp)),
        Optional(Leaf("btime", ValueRule.Timestamp)),
        Optional(Leaf("ctime", ValueRule.Timestamp)),
        Optional(Leaf("mtime", ValueRule.Timestamp)))));

    private static readonly Pattern Encryption = Element(
        "encryption",
        Attribute("format", ValueRule.OneOf("default", "qcow", "luks", "luks2")),
        Optional(Attribute("engine", ValueRule.OneOf("qemu", "librbd"))),
        Optional(Interleave(
            Element("secret", Attribute("type", ValueRule.OneOf("passphrase")), SecretReference(ValueRule.Uuid)),
            Optional(Group(
                Element(
                    "cipher",
                    Attribute("name"),
                    Attribute("size", ValueRule.UnsignedInt),
                    Optional(Group(Attribute("mode"), Attribute("hash")))),
                Element("ivgen", Attribute("name"), Optional(Attribute("hash"))))))));

    private static readonly Pattern Target = Element("target", Interleave(
        Optional(Leaf("path", ValueRule.PathOrUri)),
        Format,
        OwnerAndMode,
        Timestamps,
        Optional(Encryption),
        Optional(Leaf("compat", ValueRule.Version)),
        Optional(Element("nocow")),
        Optional(Size("clusterSize")),
        Optional(Element("features", Interleave(
            Optional(Element("lazy_refcounts")),
            Optional(Element("extended_l2")))))));

    public static Pattern Volume { get; } = Element(
        "volume",
        Optional(Attribute("type", ValueRule.OneOf("file", "block", "dir", "network", "netdir"))),
        Interleave(
            Leaf("name", ValueRule.VolumeName),
            Optional(Element("key", Text)),
            Optional(Element("source", ZeroOrMore(Element(
                "device", Attribute("path", ValueRule.AbsolutePath), Extents("extent"))))),
            Optional(Size("capacity")),
            Optional(Size("allocation")),
            Optional(Size("physical")),
            Target,
            Optional(Element("backingStore", Interleave(Leaf("path", ValueRule.AbsolutePath), Format, OwnerAndMode, Timestamps)))));
}
