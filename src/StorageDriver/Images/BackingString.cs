namespace Cistern.Storage.Images;

/// <summary>What an image records as its backing file: a path, relative to the image's folder unless absolute, or something only QEMU understands.</summary>
public static class BackingString
{
    /// <summary>False for <c>json:</c>, URIs and other <c>protocol:</c> forms, which have a colon before any slash.</summary>
    public static bool IsPath(string backing)
    {
        var colon = backing.IndexOf(':');
        var slash = backing.IndexOf('/');
        return colon < 0 || (slash >= 0 && slash < colon);
    }

    /// <summary>The path that a recorded <paramref name="backing"/> path means.</summary>
    /// <param name="image">Absolute path of the image.</param>
    public static string Resolve(string backing, string image)
    {
        if (backing.StartsWith('/'))
        {
            return backing;
        }

        var folder = image[..Math.Max(image.LastIndexOf('/'), 0)];
        return $"{folder}/{backing}";
    }
}
