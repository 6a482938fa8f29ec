using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Xml;

/// <summary>The <c>permissions</c> element of pools, volumes and backing stores.</summary>
internal static class PermissionsXml
{
    /// <summary>Null when the element is absent or says nothing.</summary>
    public static Permissions? Parse(Element? element)
    {
        if (element is null)
        {
            return null;
        }

        var permissions = new Permissions(ParseMode(element), ParseId(element, "owner"), ParseId(element, "group"), element.Text("label"));
        return permissions == Nothing ? null : permissions;
    }

    public static void Format(ref XmlText text, Permissions? permissions)
    {
        if (permissions is null || permissions == Nothing)
        {
            return;
        }

        text.Open("permissions");
        if (permissions.Mode is { } mode)
        {
            text.Leaf("mode", "0" + Convert.ToString(mode, 8));
        }

        FormatId(ref text, "owner", permissions.Owner);
        FormatId(ref text, "group", permissions.Group);
        text.Leaf("label", permissions.Label);
        text.Close("permissions");
    }

    private static Permissions Nothing { get; } = new();

    private static uint? ParseMode(Element element)
    {
        if (element.Text("mode") is not { } mode)
        {
            return null;
        }

        return NumberText.TryParse(mode, 0, 0x1ff, out var value, numberBase: 8)
            ? (uint)value
            : throw StorageErrors.XmlInvalidElement("mode", mode, "an octal number from 0 to 0777");
    }

    /// <summary>-1 stands for no id, also when written as its unsigned 32-bit value.</summary>
    private static uint? ParseId(Element element, string name)
    {
        if (element.Find(name) is not { } id)
        {
            return null;
        }

        if (!NumberText.TryParse(id.Value, -1, uint.MaxValue, out var value))
        {
            throw StorageErrors.XmlInvalidElement(name, id.Value, "a user or group id, or -1");
        }

        return value is -1 or uint.MaxValue ? null : (uint)value;
    }

    /// <summary>libvirt writes ids as signed 32-bit numbers.</summary>
    private static void FormatId(ref XmlText text, string name, uint? id)
    {
        if (id is { } value)
        {
            text.Leaf(name, (int)value);
        }
    }
}
