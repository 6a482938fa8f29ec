using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Xml;

/// <summary>Typed reading of attributes; each error names attribute, element and value.</summary>
internal static class AttributeValues
{
    /// <summary>Null when absent.</summary>
    public static bool? YesNo(this Element element, string attribute) => element.Attribute(attribute) switch
    {
        null => null,
        "yes" => true,
        "no" => false,
        var other => throw StorageErrors.XmlInvalidAttribute(attribute, element.Name, other, "'yes' or 'no'"),
    };

    public static string YesNo(bool value) => value ? "yes" : "no";

    /// <summary>Null when absent.</summary>
    /// <param name="numberBase">10, or 0 for C's prefixes.</param>
    public static uint? UInt32(this Element element, string attribute, int numberBase = 10)
    {
        if (element.Attribute(attribute) is not { } text)
        {
            return null;
        }

        return NumberText.TryParse(text, out ulong value, numberBase) && value <= uint.MaxValue
            ? (uint)value
            : throw StorageErrors.XmlInvalidAttribute(attribute, element.Name, text, "a number that is not negative");
    }

    /// <summary>Null when absent.</summary>
    public static int? Int32(this Element element, string attribute)
    {
        if (element.Attribute(attribute) is not { } text)
        {
            return null;
        }

        return NumberText.TryParse(text, int.MinValue, int.MaxValue, out var value)
            ? (int)value
            : throw StorageErrors.XmlInvalidAttribute(attribute, element.Name, text, "a number");
    }

    /// <summary>Must be there, empty or not.</summary>
    public static string Required(this Element element, string attribute) =>
        element.Attribute(attribute) ?? throw StorageErrors.XmlMissingAttribute(attribute, element.Name);
}
