namespace Cistern.Storage.Backends.Mpath;

/// <summary>What the kernel's multipath target tells of its paths.</summary>
internal static class MpathStatus
{
    /// <summary>
    /// How many paths the map has, and how many of them have failed. Among counts and groups each path stands as <c>MAJOR:MINOR</c>, then <c>A</c>
    /// (active) or <c>F</c> (failed).
    /// </summary>
    public static (int Paths, int Failed) Read(string status)
    {
        string[] words = status.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int paths = 0;
        int failed = 0;
        for (int at = 0; at + 1 < words.Length; at++)
        {
            if (IsDevice(words[at]) && words[at + 1] is ("A" or "F"))
            {
                paths++;
                failed += words[at + 1] == "F" ? 1 : 0;
            }
        }

        return (paths, failed);
    }

    private static bool IsDevice(string word) =>
        word.Split(':') is [{ Length: > 0 } major, { Length: > 0 } minor] && major.All(char.IsAsciiDigit) && minor.All(char.IsAsciiDigit);
}
