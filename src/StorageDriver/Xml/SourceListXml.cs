using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Xml;

/// <summary>The documents of source discovery: the <c>source</c> that says where to look, and the <c>sources</c> found.</summary>
public static class SourceListXml
{
    /// <summary>Reads a <c>source</c> document.</summary>
    public static PoolSource Parse(string xml, PoolTypeInfo type) => PoolSourceXml.Parse(DocumentReader.Read(xml, "source"), type, isSpecification: true);

    /// <summary>Writes a <c>sources</c> document.</summary>
    public static string Format(IEnumerable<PoolSource> sources, PoolTypeInfo type)
    {
        var text = new XmlText(stackalloc char[1024]);
        text.Open("sources");
        foreach (var source in sources)
        {
            PoolSourceXml.Format(ref text, source, type, withFreeExtents: true);
        }

        text.Close("sources");
        return text.Finish();
    }
}
