using System.Text.RegularExpressions;

namespace Cistern.Storage.Xml.Schemas;

/// <summary>URI references, as loosely as XML Schema's anyURI takes them.</summary>
internal static partial class UriText
{
    public static bool IsReference(string text) => ReferencePattern().IsMatch(text.Trim(' ', '\t', '\n', '\r'));

    [GeneratedRegex(@"\A([A-Za-z][-+.0-9A-Za-z]*:|(?![^/?#]*:))(//\[[^\]/]*\])?([^%#\[\]]|%[0-9A-Fa-f]{2})*(#([^%#\[\]]|%[0-9A-Fa-f]{2})*)?\z")]
    private static partial Regex ReferencePattern();
}
