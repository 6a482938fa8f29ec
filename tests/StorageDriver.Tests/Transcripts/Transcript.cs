using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Cistern.Storage.Commands;

namespace Cistern.Storage.Tests.Transcripts;

/// <summary>What a tool printed when it was run for real, one command a file, in the layout of <c>tests/interop/vm/transcripts.py</c>.</summary>
internal static partial class Transcript
{
    /// <param name="name">Below this folder, without extension: <c>netfs/showmount</c>.</param>
    public static CommandResult Read(string name)
    {
        string text = File.ReadAllText(Path.Combine(Folder(), name + ".txt"));
        Match parts = Parts().Match(text);
        Assert.True(parts.Success, $"{name} is no transcript");
        return new CommandResult(int.Parse(parts.Groups["exit"].Value, CultureInfo.InvariantCulture), parts.Groups["out"].Value, parts.Groups["err"].Value);
    }

    private static string Folder([CallerFilePath] string thisFile = "") => Path.GetDirectoryName(thisFile)!;

    [GeneratedRegex(@"\A\$ [^\n]*\nversion [^\n]*\nstatus (?<exit>-?\d+)\n--- stdout\n(?<out>.*)--- stderr\n(?<err>.*)\z", RegexOptions.Singleline)]
    private static partial Regex Parts();
}
