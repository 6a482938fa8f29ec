using System.Buffers;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Xml;

/// <summary>The <c>adapter</c> element of scsi pools.</summary>
internal static class AdapterXml
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private static readonly string[] NeedType = ["wwnn", "wwpn", "parent"];

    public static SourceAdapter Parse(Element element) => element.Attribute("type") switch
    {
        null => ParseLegacy(element),
        "scsi_host" => ParseScsiHost(element),
        "fc_host" => ParseFcHost(element),
        var other => throw StorageErrors.XmlInvalidAttribute("type", "adapter", other, "'scsi_host' or 'fc_host'"),
    };

    public static void Format(ref XmlText text, SourceAdapter adapter)
    {
        text.Start("adapter");
        switch (adapter)
        {
            case ScsiHostAdapter host:
                FormatScsiHost(ref text, host);
                break;
            case FcHostAdapter host:
                FormatFcHost(ref text, host);
                break;
        }
    }

    /// <summary>Before there was a type there was only the name of a SCSI host.</summary>
    private static ScsiHostAdapter ParseLegacy(Element element)
    {
        foreach (var attribute in NeedType)
        {
            if (element.Attribute(attribute) is not null)
            {
                throw StorageErrors.Xml($"attribute '{attribute}' of element 'adapter' needs attribute 'type'");
            }
        }

        if (element.Find("parentaddr") is not null)
        {
            throw StorageErrors.Xml("element 'parentaddr' needs attribute 'type' of element 'adapter'");
        }

        return element.Attribute("name") is { } name
            ? new ScsiHostAdapter(name, null)
            : throw StorageErrors.XmlMissingElement("source/adapter with 'name' or 'type'");
    }

    private static ScsiHostAdapter ParseScsiHost(Element element)
    {
        var name = element.Attribute("name");
        var parent = element.Find("parentaddr") is { } address ? ParseParent(address) : null;
        return name is null == parent is null
            ? throw StorageErrors.Xml("element 'adapter' of type 'scsi_host' must have either attribute 'name' or element 'parentaddr'")
            : new ScsiHostAdapter(name, parent);
    }

    private static PciParent ParseParent(Element element)
    {
        var address = element.Find("address") ?? throw StorageErrors.XmlMissingElement("parentaddr/address");
        var parent = new PciParent(
            address.UInt32("domain", 0) ?? 0,
            address.UInt32("bus", 0) ?? 0,
            address.UInt32("slot", 0) ?? 0,
            address.UInt32("function", 0) ?? 0,
            UniqueId: ParseUniqueId(element));
        if (address.Attribute("multifunction") is { } multifunction and not ("on" or "off"))
        {
            throw StorageErrors.XmlInvalidAttribute("multifunction", "address", multifunction, "'on' or 'off'");
        }

        CheckAddress(parent.Bus, 0xff, "bus");
        CheckAddress(parent.Slot, 0x1f, "slot");
        return parent;
    }

    private static void CheckAddress(uint value, uint maximum, string attribute)
    {
        if (value > maximum)
        {
            throw StorageErrors.InvalidPciAddress($"{attribute} 0x{value:x} is greater than 0x{maximum:x}");
        }
    }

    private static uint ParseUniqueId(Element element)
    {
        var text = element.Attribute("unique_id") ?? "";
        return NumberText.TryParse(text, 0, int.MaxValue, out var value)
            ? (uint)value
            : throw StorageErrors.Xml($"attribute 'unique_id' of element 'parentaddr' must be a number that is not negative, not '{text}'");
    }

    private static FcHostAdapter ParseFcHost(Element element)
    {
        var managed = element.YesNo("managed");
        if (element.Attribute("wwnn") is not { } wwnn || element.Attribute("wwpn") is not { } wwpn)
        {
            throw StorageErrors.Xml("element 'adapter' of type 'fc_host' must have the attributes 'wwnn' and 'wwpn'");
        }

        var adapter = new FcHostAdapter(
            element.Attribute("parent"),
            element.Attribute("parent_wwnn"),
            element.Attribute("parent_wwpn"),
            element.Attribute("parent_fabric_wwn"),
            managed,
            wwnn,
            wwpn);
        CheckWorldWideName("wwnn", wwnn);
        CheckWorldWideName("wwpn", wwpn);
        if (adapter.ParentWwnn is null != adapter.ParentWwpn is null)
        {
            throw StorageErrors.Xml("the attributes 'parent_wwnn' and 'parent_wwpn' of element 'adapter' need each other");
        }

        CheckWorldWideName("parent_wwnn", adapter.ParentWwnn);
        CheckWorldWideName("parent_wwpn", adapter.ParentWwpn);
        CheckWorldWideName("parent_fabric_wwn", adapter.ParentFabricWwn);
        return adapter;
    }

    private static void CheckWorldWideName(string attribute, string? value)
    {
        if (value is null)
        {
            return;
        }

        var digits = value.StartsWith("0x", StringComparison.Ordinal) ? value.AsSpan(2) : value;
        if (digits.Length != 16 || digits.ContainsAnyExcept(HexDigits))
        {
            throw StorageErrors.InvalidWorldWideName(attribute, value);
        }
    }

    private static void FormatScsiHost(ref XmlText text, ScsiHostAdapter host)
    {
        text.Attribute("type", "scsi_host");
        if (host.Parent is not { } parent)
        {
            text.Attribute("name", host.Name);
            text.EndEmpty();
            return;
        }

        text.Children();
        text.Start("parentaddr");
        text.Attribute("unique_id", parent.UniqueId);
        text.Children();
        text.Start("address");
        text.Attribute("domain", $"0x{parent.Domain:x4}");
        text.Attribute("bus", $"0x{parent.Bus:x2}");
        text.Attribute("slot", $"0x{parent.Slot:x2}");
        text.Attribute("function", $"0x{(int)parent.Function}");
        text.EndEmpty();
        text.Close("parentaddr");
        text.Close("adapter");
    }

    private static void FormatFcHost(ref XmlText text, FcHostAdapter host)
    {
        text.Attribute("type", "fc_host");
        text.Attribute("parent", host.Parent);
        text.Attribute("parent_wwnn", host.ParentWwnn);
        text.Attribute("parent_wwpn", host.ParentWwpn);
        text.Attribute("parent_fabric_wwn", host.ParentFabricWwn);
        text.Attribute("managed", host.Managed is { } managed ? AttributeValues.YesNo(managed) : null);
        text.Attribute("wwnn", host.Wwnn);
        text.Attribute("wwpn", host.Wwpn);
        text.EndEmpty();
    }
}
