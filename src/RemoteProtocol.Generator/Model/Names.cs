using System;
using System.Linq;

namespace Cistern.RemoteProtocol.Generator.Model;

/// <summary>C# names made from wire names, mechanically.</summary>
internal static class Names
{
    /// <summary><c>need_results</c> and <c>NEED_RESULTS</c> become NeedResults, <c>callbackID</c> becomes CallbackID.</summary>
    public static string Pascal(string name)
    {
        var isUpper = !name.Any(char.IsLower);
        var words = name.Split(['_'], StringSplitOptions.RemoveEmptyEntries);
        return string.Concat(words.Select(word => char.ToUpperInvariant(word[0]) + Rest(word)));

        string Rest(string word) => isUpper ? word.Substring(1).ToLowerInvariant() : word.Substring(1);
    }

    /// <summary>Drops a prefix where there is one.</summary>
    public static string WithoutPrefix(string name, string prefix) =>
        name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? name.Substring(prefix.Length) : name;
}
