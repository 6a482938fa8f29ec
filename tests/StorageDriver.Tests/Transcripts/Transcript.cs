using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Cistern.Storage.Commands;

namespace Cistern.Storage.Tests.Transcripts;

/// <summary>What a tool printed when it was run for real: one command a file, below this folder.</summary>
internal static partial class Transcript
{
    /// <param name="name">Below this folder, without extension: <c>netfs/34-showmount</c>.</param>
    public static CommandResult Read(string name)
    {
        string text = File.ReadAllText(Path.Combine(Folder(), name + ".txt"));
        Match parts = Parts().Match(text);
        Assert.True(parts.Success, $"{name} is no transcript");
        return new CommandResult(int.Parse(parts.Groups["exit"].Value, CultureInfo.InvariantCulture), parts.Groups["out"].Value, parts.Groups["err"].Value);
    }

    private static string Folder([CallerFilePath] string thisFile = "") => Path.GetDirectoryName(thisFile)!;

    [GeneratedRegex(@"\A\$ [^\n]*\n--- stdout \(\d+ bytes\)\n(?<out>.*)--- stderr \(\d+ bytes\)\n(?<err>.*)--- exit (?<exit>\d+) \(\d+ ms\)\n\z", RegexOptions.Singleline)]
    private static partial Regex Parts();
}
