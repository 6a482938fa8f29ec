using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using static Cistern.Storage.Xml.Schemas.CommonSchema;
using static Cistern.Storage.Xml.Schemas.Patterns;

namespace Cistern.Storage.Xml.Schemas;

/// <summary>The <c>source</c> element of pools.</summary>
internal static class PoolSourceSchema
{
    private static readonly Pattern VendorAndProduct = Interleave(Optional(Carrier("vendor", "name")), Optional(Carrier("product", "name")));

    private static readonly Pattern Hosts = OneOrMore(Element("host", Attribute("name", ValueRule.Host), Optional(Attribute("port", ValueRule.Port))));

    private static readonly Pattern Device = Element(
        "device",
        Attribute("path", ValueRule.SourceDevice),
        Optional(Attribute("part_separator", ValueRule.YesNo)),
        Extents("freeExtent"));

    private static readonly Pattern Dir = Carrier("dir", "path", ValueRule.AbsoluteFolder);

    private static readonly Pattern Name = Element("name", Text);

    private static readonly Pattern Initiator = Element("initiator", Carrier("iqn", "name"));

    private static readonly Pattern Auth = Optional(Element(
        "auth",
        Attribute("type", ValueRule.OneOf("chap", "ceph")),
        Attribute("username"),
        Element("secret", SecretReference())));

    private static readonly Pattern ScsiHost = Group(
        Optional(Attribute("type", ValueRule.OneOf("scsi_host"))),
        Choice(
            Attribute("name"),
            Element(
                "parentaddr",
                Optional(Attribute("unique_id", ValueRule.Positive)),
                Element(
                    "address",
                    Optional(Attribute("domain", ValueRule.PciDomain)),
                    Optional(Attribute("bus", ValueRule.PciBus)),
                    Optional(Attribute("slot", ValueRule.PciSlot)),
                    Optional(Attribute("function", ValueRule.PciFunction)),
                    Optional(Attribute("multifunction", ValueRule.OnOff))))));

    private static readonly Pattern FcHost = Group(
        Attribute("type", ValueRule.OneOf("fc_host")),
        Optional(Attribute("parent")),
        Optional(Attribute("managed", ValueRule.YesNo)),
        Optional(Attribute("parent_wwnn", ValueRule.WorldWideName)),
        Optional(Attribute("parent_wwpn", ValueRule.WorldWideName)),
        Optional(Attribute("parent_fabric_wwn", ValueRule.WorldWideName)),
        Attribute("wwnn", ValueRule.WorldWideName),
        Attribute("wwpn", ValueRule.WorldWideName));

    public static Pattern Source(PoolTypeInfo type) => type.Type switch
    {
        PoolType.Dir => Optional(Of(VendorAndProduct)),
        PoolType.Fs => Of(Device, Format(type), VendorAndProduct),
        PoolType.NetFs => Element("source", Choice(
            Interleave(Hosts, Dir, Optional(Format("auto", "nfs")), Optional(Carrier("protocol", "ver")), VendorAndProduct),
            Interleave(Hosts, Carrier("dir", "path", ValueRule.Path), Format("glusterfs"), VendorAndProduct),
            Interleave(Hosts, Carrier("dir", "path", ValueRule.Path), Format("cifs"), Auth, VendorAndProduct))),
        PoolType.Logical => Of(ZeroOrMore(Choice(Name, Device)), Format(type, VendorAndProduct), VendorAndProduct),
        PoolType.Disk => Of(Device, Format(type, VendorAndProduct), VendorAndProduct),
        PoolType.Iscsi => Of(Hosts, Device, Optional(Initiator), Auth, VendorAndProduct),
        PoolType.IscsiDirect => Of(Hosts, Carrier("device", "path", ValueRule.Iqn), Initiator, Auth),
        PoolType.Scsi => Of(Element("adapter", Choice(ScsiHost, FcHost)), VendorAndProduct),
        PoolType.Mpath => Optional(Of()),
        PoolType.Rbd => Of(Name, Hosts, Auth),
        PoolType.Sheepdog => Of(Hosts, Name),
        PoolType.Gluster => Of(Hosts, Name, Optional(Dir)),
        PoolType.Zfs => Of(Name, Optional(Device)),
        _ => Of(Name),
    };

    private static Pattern Of(params Pattern[] parts) => Element("source", Interleave(parts));

    /// <param name="inside">What libvirt's schema allows within the element, where it does.</param>
    private static Pattern Format(PoolTypeInfo type, Pattern? inside = null) =>
        Optional(Element("format", Attribute("type", ValueRule.OneOf([.. type.SourceFormats])), inside ?? Empty));

    private static Pattern Format(params string[] formats) => Carrier("format", "type", ValueRule.OneOf(formats));
}
