using System.Globalization;
using System.Text;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>The folder of a gluster volume that a pool is, and how its volumes are called.</summary>
internal sealed record GlusterPlace
{
    /// <summary>What libxml2 leaves as it is in a URI's path, besides letters and digits.</summary>
    private const string PlainInUri = "-_.!~*'()/;@&=+$,";

    private readonly string _uri;

    private GlusterPlace(string volume, string folder, string uri)
    {
        Volume = volume;
        Folder = folder;
        _uri = uri;
    }

    /// <summary>The name of the gluster volume.</summary>
    public string Volume { get; }

    /// <summary>Begins and ends with a slash.</summary>
    public string Folder { get; }

    /// <summary>Of the folder.</summary>
    public string Uri => Escape(_uri, $"/{Volume}{Folder}");

    /// <exception cref="StorageException">27/18: name or folder cannot be; 67/18: there is no host.</exception>
    public static GlusterPlace Of(PoolSource source)
    {
        string name = source.Name ?? "";
        if (name.Length == 0 || name.Contains('/', StringComparison.Ordinal))
        {
            throw StorageErrors.GlusterNameInvalid(name);
        }

        string folder = source.Dir ?? "/";
        if (!folder.StartsWith('/'))
        {
            throw StorageErrors.GlusterFolderInvalid(folder);
        }

        if (source.Hosts is not [var host, ..])
        {
            throw StorageErrors.SourceHostCount(0);
        }

        string server = host.Name.Contains(':', StringComparison.Ordinal) ? $"[{host.Name}]" : host.Name;
        string port = host.Port > 0 ? string.Create(CultureInfo.InvariantCulture, $":{host.Port}") : "";
        return new GlusterPlace(name, folder.EndsWith('/') ? folder : folder + '/', $"gluster://{server}{port}");
    }

    /// <summary>Within the gluster volume.</summary>
    public string PathOf(string name) => Folder + name;

    /// <summary>A volume's path and key.</summary>
    public string UriOf(string name) => Escape(_uri, $"/{Volume}{Folder}{name}");

    /// <summary>The name of the pool's volume that has a URI, or that a name alone may mean; null for anything else.</summary>
    public string? NameOf(string path) =>
        path.StartsWith(Uri, StringComparison.Ordinal) && System.Uri.UnescapeDataString(path[Uri.Length..]) is { Length: > 0 } name && UriOf(name) == path ? name
        : path.Contains('/', StringComparison.Ordinal) || path.Contains(':', StringComparison.Ordinal) ? null
        : path;

    private static string Escape(string server, string path)
    {
        StringBuilder text = new(server, server.Length + path.Length);
        foreach (byte octet in Encoding.UTF8.GetBytes(path))
        {
            if (char.IsAsciiLetterOrDigit((char)octet) || PlainInUri.Contains((char)octet, StringComparison.Ordinal))
            {
                text.Append((char)octet);
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
            }
        }

        return text.ToString();
    }
}
