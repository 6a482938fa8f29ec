using System.Text.Json;
using System.Text.RegularExpressions;
using Cistern.Storage.Backends;
using Cistern.Storage.Errors;
using Cistern.Storage.Xml;

namespace Cistern.StorageDriver.Tests.Xml;

/// <summary>
/// Hundreds of documents of every pool type, good and bad: each is written, or refused with the code and domain, as libvirt does it.
/// What libvirt does was recorded by <c>tests/interop/model_recording.py</c>.
/// </summary>
public partial class RecordedDocumentTests
{
    /// <summary>What the parser underneath takes and .NET's does not, or takes in another way.</summary>
    private static readonly string[] ParserDiffers =
    [
        "whole: another version", "whole: undeclared prefix", "whole: attribute with a namespace", "whole: only an attribute with a namespace",
    ];

    [Theory]
    [InlineData("pools")]
    [InlineData("options")]
    public void Pools_are_read_and_written_or_refused_as_by_libvirt(string group) => AssertAsRecorded(group, (document, _) =>
    {
        var definition = PoolXml.Parse(document, validate: false, PoolTypes.Get);
        return PoolXml.Format(definition, PoolTypes.Get(definition.Type), default, active: true);
    });

    [Fact]
    public void Volumes_are_read_and_written_or_refused_as_by_libvirt() => AssertAsRecorded("volumes", (document, type) =>
    {
        var info = PoolTypes.Find(type)!;
        var written = VolumeXml.Format(VolumeXml.Parse(document, info, VolumeParseMode.Create, validate: false), info);
        var backing = written.IndexOf("<backingStore>", StringComparison.Ordinal);
        return backing < 0 ? Place().Replace(written, "") : Place().Replace(written[..backing], "") + written[backing..];
    });

    [Fact]
    public void Specifications_are_read_or_refused_as_by_libvirt() => AssertAsRecorded("specifications", (document, type) =>
    {
        SourceListXml.Parse(document, PoolTypes.Find(type)!);
        return "accepted";
    });

    private static void AssertAsRecorded(string group, Func<string, string, string> perform)
    {
        using var recording = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Xml", "recorded-documents.json")));
        var unlike = new List<string>();
        foreach (var entry in recording.RootElement.GetProperty(group).EnumerateArray().Select(Recorded.Of))
        {
            var outcome = Outcome(entry, perform);
            if (outcome != entry.Outcome && !ParserDiffers.Contains(entry.Name))
            {
                unlike.Add($"{entry.Type} {entry.Name}: {entry.Document}\nlibvirt:\n{entry.Outcome}\nhere:\n{outcome}");
            }
        }

        Assert.True(unlike.Count == 0, $"{unlike.Count} differ\n{string.Join("\n\n", unlike)}");
    }

    private static string Outcome(Recorded entry, Func<string, string, string> perform)
    {
        try
        {
            var written = perform(entry.Document, entry.Type);
            return entry.Document.Contains("<uuid>", StringComparison.Ordinal) ? written : Uuid().Replace(written, "<uuid>UUID</uuid>");
        }
        catch (StorageException refused)
        {
            return $"error {(int)refused.Code}/{(int)refused.Domain}";
        }
    }

    [GeneratedRegex("<uuid>[^<]*</uuid>")]
    private static partial Regex Uuid();

    [GeneratedRegex(@" *<(key|path)>[^<]*</\1>\n")]
    private static partial Regex Place();

    private sealed record Recorded(string Name, string Type, string Document, string Outcome)
    {
        public static Recorded Of(JsonElement entry) => new(Text(entry, "name"), Text(entry, "type"), Text(entry, "document"), Text(entry, "outcome"));

        private static string Text(JsonElement entry, string property) => entry.GetProperty(property).GetString()!;
    }
}
