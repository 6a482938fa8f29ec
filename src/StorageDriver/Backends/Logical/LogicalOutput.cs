using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Logical;

/// <summary>Reads what LVM's tools print with <c>--reportformat json</c> (lvmreport(7)): objects of strings.</summary>
public static class LogicalOutput
{
    /// <summary>What LVM shows in place of a device that is missing.</summary>
    private const string UnknownDevice = "[unknown]";

    /// <summary>Reads the output of <see cref="LogicalCommands.Report"/>.</summary>
    /// <exception cref="StorageException">1/18: it is not as expected.</exception>
    public static VolumeGroup ParseReport(string json, string group) => Parse("lvm fullreport", json, report =>
    {
        JsonElement section = report[0];
        JsonElement found = section.GetProperty("vg")[0];
        if (Text(found, "vg_name") != group)
        {
            throw new FormatException($"it is about '{Text(found, "vg_name")}'");
        }

        ulong extentSize = Number(found, "vg_extent_size");
        return new VolumeGroup(
            Number(found, "vg_size"),
            Number(found, "vg_free"),
            extentSize,
            Number(found, "vg_missing_pv_count"),
            [.. section.GetProperty("seg").EnumerateArray().GroupBy(segment => Text(segment, "lv_name")).Select(segments => Volume([.. segments], extentSize))]);
    });

    /// <summary>Reads the output of <see cref="LogicalCommands.PhysicalVolumes"/>: groups with the devices that are there, in the order of being told.</summary>
    /// <exception cref="StorageException">1/18: it is not as expected.</exception>
    public static IReadOnlyList<PoolSource> ParseSources(string json) => Parse("pvs", json, report =>
        report[0].GetProperty("pv").EnumerateArray()
            .Select(volume => (Device: Text(volume, "pv_name"), Group: Text(volume, "vg_name")))
            .Where(volume => volume.Group.Length > 0)
            .GroupBy(volume => volume.Group)
            .Select(volumes => new PoolSource
            {
                Name = volumes.Key,
                Format = LogicalPoolType.Info.DefaultSourceFormat,
                Devices = [.. volumes.Where(volume => volume.Device != UnknownDevice).Select(volume => new SourceDevice(volume.Device))],
            })
            .ToImmutableArray());

    private static LogicalVolume Volume(ImmutableArray<JsonElement> segments, ulong extentSize)
    {
        JsonElement first = segments[0];
        string attributes = Text(first, "lv_attr");
        string origin = Text(first, "origin");
        string thinPool = Text(first, "pool_lv");
        return attributes.Length < 8 ? throw new FormatException($"'{attributes}' are no attributes") : new LogicalVolume
        {
            Name = Text(first, "lv_name"),
            Uuid = Text(first, "lv_uuid"),
            Attributes = attributes,
            Size = Number(first, "lv_size"),
            //// What stands in brackets is LVM's own.
            Origin = origin.Length == 0 || origin[0] == '[' ? null : origin,
            ThinPool = thinPool.Length == 0 ? null : thinPool,
            Used = Hundredths(Text(first, "data_percent")),
            SegmentType = Text(first, "segtype"),
            ChunkSize = Number(first, "chunk_size"),
            Extents = [.. segments.SelectMany(segment => Extents(Text(segment, "devices"), Number(segment, "seg_size"), extentSize))],
        };
    }

    /// <summary>Reads <c>/dev/sda(24),/dev/sdb(0)</c>. As libvirt has it, every stripe is as long as the segment.</summary>
    private static IEnumerable<SourceExtent> Extents(string devices, ulong length, ulong extentSize)
    {
        foreach (string device in devices.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            int bracket = device.LastIndexOf('(');
            if (bracket < 0 || !ulong.TryParse(device.AsSpan(bracket + 1).TrimEnd(')'), NumberStyles.None, CultureInfo.InvariantCulture, out ulong extent))
            {
                throw new FormatException($"'{device}' is no extent of a device");
            }

            yield return new SourceExtent(device[..bracket], extent * extentSize, (extent * extentSize) + length);
        }
    }

    private static uint? Hundredths(string percent) =>
        decimal.TryParse(percent, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value) && value is >= 0 and <= 100
            ? (uint)(value * 100)
            : null;

    private static string Text(JsonElement row, string column)
    {
        JsonElement value = row.GetProperty(column);
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
    }

    /// <summary>0 for what LVM leaves empty.</summary>
    private static ulong Number(JsonElement row, string column) =>
        Text(row, column) is { Length: > 0 } text ? ulong.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : 0;

    private static T Parse<T>(string tool, string json, Func<JsonElement, T> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return read(document.RootElement.GetProperty("report"));
        }
        catch (Exception error) when (
            error is JsonException or FormatException or OverflowException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw StorageErrors.ToolNotUnderstood(tool, error.Message);
        }
    }
}
