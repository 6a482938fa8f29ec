namespace Cistern.Storage.Definitions;

/// <summary>libvirt's normal form of paths, in which they are stored and compared.</summary>
public static class PathSanitizer
{
    /// <summary>
    /// Runs of <c>/</c> become one and a trailing one goes; exactly two at the start stay (POSIX gives them a meaning), <c>.</c> and
    /// <c>..</c> stay, and what has a <c>scheme://</c> before its first <c>/</c> is left alone.
    /// </summary>
    public static string Sanitize(string path)
    {
        var scheme = path.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0 && scheme < path.IndexOf('/'))
        {
            return path;
        }

        var keep = path.StartsWith("//", StringComparison.Ordinal) && !path.StartsWith("///", StringComparison.Ordinal) ? 2 : 0;
        if (!path.AsSpan(keep).Contains("//", StringComparison.Ordinal) && (path.Length <= 1 || path[^1] != '/'))
        {
            return path;
        }

        Span<char> clean = path.Length <= 512 ? stackalloc char[path.Length] : new char[path.Length];
        path.AsSpan(0, keep).CopyTo(clean);
        var length = keep;
        for (var at = keep; at < path.Length; at++)
        {
            if (path[at] != '/' || length == keep || clean[length - 1] != '/')
            {
                clean[length++] = path[at];
            }
        }

        if (length > Math.Max(keep, 1) && clean[length - 1] == '/')
        {
            length--;
        }

        return clean[..length].ToString();
    }
}
