namespace Cistern.StorageDriver.Tests.Xml;

/// <summary>Documents of libvirt's own tests, which are kept beside the project: <c>CISTERN_SHARED</c> names the folder, else a folder <c>shared</c> next to one above.</summary>
internal static class SharedCorpus
{
    public static string? Folder { get; } = Find();

    /// <summary>Files of a folder below <c>corpora</c>, by name; empty when there is no corpus.</summary>
    public static IEnumerable<string> Documents(string folder) => Folder is null
        ? []
        : Directory.EnumerateFiles(Path.Combine(Folder, folder), "*.xml").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    public static string? Read(string folder, string name)
    {
        var path = Path.Combine(Folder!, folder, name);
        return File.Exists(path) ? File.ReadAllText(path) : null;
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("CISTERN_SHARED") is { Length: > 0 } given)
        {
            return Path.Combine(given, "corpora");
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var corpora = Path.Combine(folder.FullName, "shared", "corpora");
            if (Directory.Exists(corpora))
            {
                return corpora;
            }
        }

        return null;
    }
}

/// <summary>A theory over the shared corpus, skipped where that is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SharedCorpusTheoryAttribute : TheoryAttribute
{
    public SharedCorpusTheoryAttribute()
    {
        if (SharedCorpus.Folder is null)
        {
            Skip = "the shared corpus is not on this machine";
        }
    }
}
