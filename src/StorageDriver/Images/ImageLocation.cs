namespace Cistern.Storage.Images;

/// <summary>Where a tool finds an image: a file or device of this host, or what is served on a socket (NBD).</summary>
public sealed record ImageLocation
{
    private readonly string _path;
    private readonly bool _isSocket;

    private ImageLocation(string path, bool isSocket)
    {
        _path = path.StartsWith('/') ? path : throw new ArgumentException($"'{path}' is not an absolute path", nameof(path));
        _isSocket = isSocket;
    }

    /// <summary>As an argument of its own.</summary>
    public string Argument => _isSocket ? $"nbd+unix:///?socket={Uri.EscapeDataString(_path)}" : _path;

    /// <summary>As part of an option list.</summary>
    public string Options => (_isSocket ? "file.driver=nbd,file.server.type=unix,file.server.path=" : "file.filename=") + Escape(_path);

    /// <param name="path">Absolute path.</param>
    public static ImageLocation File(string path) => new(path, isSocket: false);

    /// <param name="path">Absolute path of a unix socket on which an NBD server listens.</param>
    public static ImageLocation Socket(string path) => new(path, isSocket: true);

    /// <summary>A value within an option list.</summary>
    internal static string Escape(string value) => value.Replace(",", ",,", StringComparison.Ordinal);
}
