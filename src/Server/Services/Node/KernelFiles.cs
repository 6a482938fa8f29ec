using System.Globalization;

namespace Cistern.Server.Services.Node;

/// <summary>The kernel's files in <c>/proc</c> and <c>/sys</c>, below a root so that a test can bring its own.</summary>
public sealed class KernelFiles(string root = "/")
{
    /// <summary>The file's lines; none when it is missing or unreadable.</summary>
    public IReadOnlyList<string> Lines(string path)
    {
        try
        {
            return File.ReadAllLines(At(path));
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The first line, trimmed; null when there is none.</summary>
    public string? Line(string path) => Lines(path) is [var first, ..] ? first.Trim() : null;

    public int Number(string path, int otherwise) =>
        int.TryParse(Line(path), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    /// <summary>The members of a kernel list such as <c>0-3,7</c>; none when the file is missing.</summary>
    public IReadOnlyList<int> List(string path) => ParseList(Line(path) ?? "");

    /// <summary>The numbers N of the entries named <paramref name="prefix"/> N <paramref name="suffix"/> in a folder, ascending.</summary>
    public IReadOnlyList<int> Numbered(string path, string prefix, string suffix = "")
    {
        var folder = At(path);
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFileSystemEntries(folder, prefix + "*" + suffix)
                .Select(entry => NumberIn(Path.GetFileName(entry).AsSpan()[prefix.Length..^suffix.Length]))
                .Where(number => number >= 0).Order()]
            : [];
    }

    public bool Exists(string path) => Path.Exists(At(path));

    private string At(string path) => Path.Combine(root, path.TrimStart('/'));

    private static int NumberIn(ReadOnlySpan<char> text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    private static List<int> ParseList(string text)
    {
        var members = new List<int>();
        foreach (var range in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var ends = range.Split('-');
            var first = int.Parse(ends[0], CultureInfo.InvariantCulture);
            var last = ends.Length > 1 ? int.Parse(ends[1], CultureInfo.InvariantCulture) : first;
            members.AddRange(Enumerable.Range(first, last - first + 1));
        }

        return members;
    }
}
