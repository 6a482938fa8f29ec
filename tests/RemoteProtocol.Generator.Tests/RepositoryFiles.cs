using System.Runtime.CompilerServices;
using Cistern.RemoteProtocol.Generator.Model;
using Cistern.RemoteProtocol.Generator.Syntax;

namespace Cistern.RemoteProtocol.Generator.Tests;

/// <summary>Files of the source tree, found from where this file was compiled.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Here(), "..", "..", ".."));

    public static IReadOnlyList<DefinitionFile> Definitions { get; } =
        [.. Directory.GetFiles(Path.Combine(Root, "protocol-defs"), "*.x").Select(path => Parser.Parse(path, File.ReadAllText(path)))];

    public static ProtocolModel Model { get; } = Binder.Bind(Definitions);

    /// <summary>Compares with a golden file; with UPDATE_GOLDEN set in the environment, writes it instead.</summary>
    public static void AssertGolden(string name, string actual)
    {
        var path = Path.Combine(Here(), "..", "Golden", name);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") is not null)
        {
            File.WriteAllText(path, actual);
        }

        Assert.Equal(File.ReadAllText(path), actual);
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
