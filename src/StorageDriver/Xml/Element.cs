using System.Text;

namespace Cistern.Storage.Xml;

/// <summary>An element of a parsed document, with the few look-ups that libvirt's documents are read with.</summary>
internal sealed class Element(string name, string @namespace)
{
    private readonly List<object> _content = [];

    public string Name => name;

    /// <summary>Empty for libvirt's own elements.</summary>
    public string Namespace => @namespace;

    /// <summary>In document order. The name of one that has a namespace begins with that in braces, so no look-up finds it.</summary>
    public List<KeyValuePair<string, string>> Attributes { get; } = [];

    public IEnumerable<Element> Children => _content.OfType<Element>();

    public bool HasTextBesideElements => _content.OfType<string>().Any(text => !string.IsNullOrWhiteSpace(text));

    /// <summary>All text below, in document order.</summary>
    public string Value
    {
        get
        {
            if (_content is [string only])
            {
                return only;
            }

            var text = new StringBuilder();
            AppendText(text);
            return text.ToString();
        }
    }

    public void Add(Element child) => _content.Add(child);

    public void AddText(string text) => _content.Add(text);

    /// <summary>The attribute's value, empty or not; null when it is absent.</summary>
    public string? Attribute(string attribute)
    {
        foreach (var (key, value) in Attributes)
        {
            if (key == attribute)
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>Every element at <paramref name="path"/>, names joined by <c>/</c>, in document order.</summary>
    public IEnumerable<Element> All(string path, string ofNamespace = "")
    {
        var slash = path.IndexOf('/');
        var first = slash < 0 ? path : path[..slash];
        foreach (var child in Children)
        {
            if (child.Name != first || child.Namespace != ofNamespace)
            {
                continue;
            }

            if (slash < 0)
            {
                yield return child;
                continue;
            }

            foreach (var descendant in child.All(path[(slash + 1)..], ofNamespace))
            {
                yield return descendant;
            }
        }
    }

    public Element? Find(string path) => All(path).FirstOrDefault();

    /// <summary>Text of the first element at <paramref name="path"/>; null when there is none or it is empty.</summary>
    public string? Text(string path) => NullIfEmpty(Find(path)?.Value);

    /// <summary>The first such attribute of the elements at <paramref name="path"/>; null when there is none or it is empty.</summary>
    public string? Text(string path, string attribute) =>
        NullIfEmpty(All(path).Select(element => element.Attribute(attribute)).FirstOrDefault(value => value is not null));

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private void AppendText(StringBuilder text)
    {
        foreach (var item in _content)
        {
            if (item is Element child)
            {
                child.AppendText(text);
            }
            else
            {
                text.Append((string)item);
            }
        }
    }
}
