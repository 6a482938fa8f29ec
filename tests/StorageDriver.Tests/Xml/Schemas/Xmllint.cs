using System.Diagnostics;
using Cistern.Support;

namespace Cistern.StorageDriver.Tests.Xml.Schemas;

/// <summary>libvirt's own RELAX NG schemas as the judge, through xmllint.</summary>
internal static class Xmllint
{
    private const string Schemas = "/usr/share/libvirt/schemas";

    private const string Memory = "/dev/shm";

    private const int DocumentsARun = 2000;

    public static bool IsInstalled { get; } = File.Exists("/usr/bin/xmllint") && Directory.Exists(Schemas);

    /// <summary>What xmllint says of each document, in order.</summary>
    /// <param name="schema">A file of libvirt's schemas, without its extension.</param>
    public static bool[] Validate(string schema, IReadOnlyList<string> documents)
    {
        using var folder = new TemporaryFolder(Directory.Exists(Memory) ? Memory : Path.GetTempPath());
        for (var i = 0; i < documents.Count; i++)
        {
            File.WriteAllText(folder[$"{i}"], documents[i]);
        }

        var valid = new bool[documents.Count];
        foreach (var names in Enumerable.Range(0, documents.Count).Chunk(DocumentsARun))
        {
            var start = new ProcessStartInfo("/usr/bin/xmllint", ["--noout", "--relaxng", $"{Schemas}/{schema}.rng", .. names.Select(name => $"{name}")])
            {
                WorkingDirectory = folder.Path,
                RedirectStandardError = true,
            };
            using var xmllint = Process.Start(start)!;
            while (xmllint.StandardError.ReadLine() is { } line)
            {
                if (line.EndsWith(" validates", StringComparison.Ordinal))
                {
                    valid[int.Parse(line.AsSpan(0, line.IndexOf(' ', StringComparison.Ordinal)), provider: null)] = true;
                }
            }

            xmllint.WaitForExit();
        }

        return valid;
    }
}

/// <summary>A theory that asks <see cref="Xmllint"/>, skipped where that or libvirt's schemas are missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class XmllintTheoryAttribute : TheoryAttribute
{
    public XmllintTheoryAttribute()
    {
        if (!Xmllint.IsInstalled)
        {
            Skip = "needs xmllint (libxml2-utils) and libvirt's schemas (libvirt0)";
        }
    }
}
