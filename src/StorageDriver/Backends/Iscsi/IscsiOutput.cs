namespace Cistern.Storage.Backends.Iscsi;

/// <summary>Reads what <c>iscsiadm</c> prints.</summary>
public static class IscsiOutput
{
    /// <summary>The initiator's name stands last of an interface's fields.</summary>
    private const int InterfaceFields = 5;

    /// <summary>The targets of a discovery, each once: a line is a portal and a name, and a target may have several portals.</summary>
    public static IReadOnlyList<string> Targets(string output) =>
        [.. output.Split('\n').Select(Words).Where(words => words.Length == 2).Select(words => words[1]).Distinct()];

    /// <summary>The interface that names the initiator so; null when there is none.</summary>
    public static string? FindInterface(string output, string iqn) =>
        output.Split('\n').Select(Words).FirstOrDefault(words =>
            words.Length == 2 && words[1].Split(',') is { Length: InterfaceFields } fields && fields[^1] == iqn)?[0];

    private static string[] Words(string line) => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
