using System.Collections.Immutable;
using Cistern.Storage.Backends;

namespace Cistern.Storage.Xml;

/// <summary>The <c>storagepoolCapabilities</c> document.</summary>
public static class PoolCapabilitiesXml
{
    public static string Format(IEnumerable<(PoolTypeInfo Type, bool Supported)> types)
    {
        var text = new XmlText(stackalloc char[4096]);
        text.Open("storagepoolCapabilities");
        foreach (var (type, supported) in types)
        {
            text.Start("pool");
            text.Attribute("type", type.Name);
            text.Attribute("supported", AttributeValues.YesNo(supported));
            text.Children();
            FormatOptions(ref text, "poolOptions", type.DefaultSourceFormat, "sourceFormatType", type.SourceFormats);
            FormatOptions(ref text, "volOptions", type.DefaultVolumeFormat, "targetFormatType", type.ListsVolumeFormats ? type.VolumeFormats : []);
            text.Close("pool");
        }

        text.Close("storagepoolCapabilities");
        return text.Finish();
    }

    private static void FormatOptions(ref XmlText text, string element, string? standard, string enumeration, ImmutableArray<string> values)
    {
        if (standard is null)
        {
            return;
        }

        text.Open(element);
        text.Start("defaultFormat");
        text.Attribute("type", standard);
        text.EndEmpty();
        text.Start("enum");
        text.Attribute("name", enumeration);
        text.Children();
        foreach (var value in values)
        {
            text.Leaf("value", value);
        }

        text.Close("enum");
        text.Close(element);
    }
}
