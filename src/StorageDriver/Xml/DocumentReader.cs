using System.Text;
using System.Xml;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Xml;

/// <summary>Reads a client's document into elements. No document type, no entities, nothing fetched, bounded size and depth.</summary>
internal static class DocumentReader
{
    /// <summary>Characters; the wire carries no longer string.</summary>
    private const int MaxLength = 4 * 1024 * 1024;

    private const int MaxDepth = 256;

    private const string NamespaceDeclarations = "http://www.w3.org/2000/xmlns/";

    private const char ByteOrderMark = '\ufeff';

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = MaxLength,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    /// <param name="domain">Of the error for a document that is not well-formed.</param>
    /// <exception cref="StorageException">35: not well-formed, or has a document type; 27: another root element.</exception>
    public static Element Read(string xml, string root, StorageErrorDomain domain = StorageErrorDomain.Storage) => Read(xml, root, domain, parts: null);

    /// <summary>The root element with nothing in it but the first child of each of these names; what stands behind the last of them is not looked at.</summary>
    /// <inheritdoc cref="Read(string, string, StorageErrorDomain)"/>
    public static Element ReadParts(string xml, string root, StorageErrorDomain domain, params IEnumerable<string> parts) => Read(xml, root, domain, [.. parts]);

    private static Element Read(string xml, string root, StorageErrorDomain domain, HashSet<string>? parts)
    {
        Element document;
        try
        {
            using var reader = XmlReader.Create(new StringReader(xml.TrimStart(ByteOrderMark)), Settings);
            document = ReadRoot(reader, parts);
        }
        catch (XmlException e)
        {
            throw xml.Contains("<!DOCTYPE", StringComparison.Ordinal)
                ? StorageErrors.XmlNotWellFormed("document types and entities are not accepted", domain)
                : StorageErrors.XmlNotWellFormed(e.Message, domain);
        }

        return document.Name == root ? document : throw StorageErrors.XmlWrongRoot(root, document.Name);
    }

    private static Element ReadRoot(XmlReader reader, HashSet<string>? parts)
    {
        var open = new Stack<Element>();
        Element? root = null;
        var isMore = reader.Read();
        while (isMore)
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element when parts is not null && open.Count == 1 && !(reader.NamespaceURI.Length == 0 && parts.Remove(reader.LocalName)):
                    reader.Skip();
                    isMore = !reader.EOF;
                    continue;
                case XmlNodeType.XmlDeclaration:
                    CheckEncoding(reader.GetAttribute("encoding"));
                    break;
                case XmlNodeType.Element:
                    var empty = reader.IsEmptyElement;
                    var element = ReadElement(reader);
                    if (open.TryPeek(out var parent))
                    {
                        parent.Add(element);
                    }

                    root ??= element;
                    if (!empty)
                    {
                        open.Push(element);
                    }

                    break;
                case XmlNodeType.EndElement:
                    open.Pop();
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace:
                    if (open.TryPeek(out var owner))
                    {
                        owner.AddText(reader.Value);
                    }

                    break;
            }

            if (parts is { Count: 0 } && open.Count == 1)
            {
                break;
            }

            isMore = reader.Read();
        }

        return root!; // a document without a root element does not get through Read
    }

    /// <summary>The text came decoded, so an encoding that it declares need only exist.</summary>
    private static void CheckEncoding(string? name)
    {
        try
        {
            _ = name is null ? null : Encoding.GetEncoding(name);
        }
        catch (ArgumentException unknown)
        {
            throw new XmlException($"encoding '{name}' is not known", unknown);
        }
    }

    private static Element ReadElement(XmlReader reader)
    {
        if (reader.Depth >= MaxDepth)
        {
            throw new XmlException($"element '{reader.Name}' is nested deeper than {MaxDepth} levels");
        }

        var element = new Element(reader.LocalName, reader.NamespaceURI);
        while (reader.MoveToNextAttribute())
        {
            if (reader.NamespaceURI != NamespaceDeclarations)
            {
                element.Attributes.Add(new(reader.NamespaceURI.Length == 0 ? reader.LocalName : $"{{{reader.NamespaceURI}}}{reader.LocalName}", reader.Value));
            }
        }

        return element;
    }
}
