using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using static Cistern.Storage.Xml.Schemas.CommonSchema;
using static Cistern.Storage.Xml.Schemas.Patterns;

namespace Cistern.Storage.Xml.Schemas;

/// <summary>The <c>pool</c> document.</summary>
internal static class PoolSchema
{
    private static readonly Pattern Sizes = Interleave(Optional(Size("capacity")), Optional(Size("allocation")), Optional(Size("available")));

    private static readonly Pattern Features = Optional(Element("features", Optional(Carrier("cow", "state", ValueRule.YesNo))));

    private static readonly Pattern Refresh = Optional(Element("refresh", Optional(Element(
        "volume", Optional(Attribute("allocation", ValueRule.OneOf("default", "capacity")))))));

    public static Pattern Pool { get; } = Element("pool", Choice([.. PoolTypes.All.Select(PoolOf)]));

    private static Pattern PoolOf(PoolTypeInfo type)
    {
        var name = Leaf("name", ValueRule.Name);
        var body = Interleave(
            type.NameFromSource ? Optional(name) : name,
            Optional(Leaf("uuid", ValueRule.Uuid)),
            Sizes,
            Features,
            PoolSourceSchema.Source(type),
            Target(type),
            type.OptionsNamespace == OptionsNamespace.ConfigOptions ? Refresh : Empty);
        return Group(Attribute("type", ValueRule.OneOf(type.Name)), WithOptions(type, body));
    }

    private static Pattern Target(PoolTypeInfo type)
    {
        var path = Leaf("path", ValueRule.AbsolutePath);
        return type.Type switch
        {
            PoolType.Logical => Element("target", Interleave(Optional(path), OwnerAndMode)),
            PoolType.Zfs => Optional(Element("target", Interleave(path, OwnerAndMode))),
            _ when type.TargetPath == TargetPathRule.None => Empty,
            _ => Element("target", Interleave(path, OwnerAndMode)),
        };
    }

    /// <summary>The mount options of a device stand last; other options stand anywhere.</summary>
    private static Pattern WithOptions(PoolTypeInfo type, Pattern body)
    {
        var options = type.OptionsNamespace switch
        {
            OptionsNamespace.MountOptions => Options("mount_opts", PoolXml.FsNamespace, Attribute("name")),
            OptionsNamespace.ConfigOptions => Options("config_opts", PoolXml.RbdNamespace, Attribute("name"), Attribute("value")),
            _ => Empty,
        };
        return type.Accepted.HasFlag(SourceParts.Device) ? Group(body, options) : Interleave(body, options);
    }

    private static Pattern Options(string name, string @namespace, params Pattern[] attributes) =>
        Optional(ElementOf(@namespace, name, ZeroOrMore(ElementOf(@namespace, "option", attributes))));
}
