using System.Globalization;
using Cistern.Storage.Backends.Logical;
using Cistern.Storage.Commands;

namespace Cistern.Storage.Tests.Backends.Logical;

/// <summary>A volume group that answers LVM's commands; a file stands for each device node.</summary>
/// <param name="folder">Where the nodes are.</param>
internal sealed class FakeLvm(string folder)
{
    public const ulong ExtentSize = 4 * 1024 * 1024;

    private static readonly CommandResult Fine = new(0, "", "");

    public List<LogicalVolume> Volumes { get; } = [];

    public ulong Free { get; set; } = 100 * ExtentSize;

    public int Missing { get; set; }

    /// <summary>Group and device, as pvs tells them.</summary>
    public List<(string Device, string Group)> PhysicalVolumes { get; } = [("/dev/x", "vg")];

    /// <summary>Commands that fail, with what they say: tool, then text.</summary>
    public Dictionary<string, string> Failures { get; } = [];

    public CommandResult Answer(Command command)
    {
        if (Failures.TryGetValue(command.Tool, out string? text))
        {
            return new CommandResult(5, "", text);
        }

        string[] words = [.. command.Arguments];
        switch (command.Tool)
        {
            case "lvm":
                return Fine with { Output = Report() };
            case "pvs":
                return Fine with { Output = Section("pv", PhysicalVolumes.Select(volume => Row(("pv_name", volume.Device), ("vg_name", volume.Group)))) };
            case "lvcreate":
                Add(Made(words));
                break;
            case "lvremove":
                Volumes.RemoveAll(volume => $"{folder}/{volume.Name}" == words[1]);
                File.Delete(words[1]);
                break;
        }

        return Fine;
    }

    public void Add(LogicalVolume volume)
    {
        Volumes.Add(volume);
        File.WriteAllBytes($"{folder}/{volume.Name}", []);
    }

    public static LogicalVolume Linear(string name, ulong extents = 2) => new()
    {
        Name = name,
        Uuid = $"uuid-of-{name}",
        Attributes = "-wi-a-----",
        SegmentType = "linear",
        Size = extents * ExtentSize,
        Extents = [new("/dev/x", 0, extents * ExtentSize)],
    };

    public static LogicalVolume ThinPool(string name, ulong extents, uint used = 0) => Linear(name, extents) with
    {
        Attributes = "twi-aotz--",
        SegmentType = "thin-pool",
        Used = used,
        ChunkSize = 65536,
    };

    public static LogicalVolume Thin(string name, string pool, ulong extents = 10, uint used = 0) => Linear(name, extents) with
    {
        Attributes = "Vwi-a-tz--",
        SegmentType = "thin",
        ThinPool = pool,
        Used = used,
        Extents = [],
    };

    public static LogicalVolume Snapshot(string name, string origin, ulong extents = 1) => Linear(name, extents) with
    {
        Attributes = "swi-a-s---",
        Origin = origin,
    };

    private static LogicalVolume Made(string[] words)
    {
        string name = words[1];
        if (words.Contains("thin"))
        {
            return Thin(name, words[Array.IndexOf(words, "--thinpool") + 1]);
        }

        ulong size = words.Contains("-L") ? ulong.Parse(words[3].TrimEnd('K'), CultureInfo.InvariantCulture) * 1024 / ExtentSize : 0;
        return words.Contains("--setactivationskip") ? Thin(name, "tp")
            : words.Contains("-s") ? Snapshot(name, Path.GetFileName(words[Array.IndexOf(words, "-s") + 1]), size)
            : Linear(name, size);
    }

    private string Report() =>
        "{\"report\": [{"
        + $"\"vg\": [{Row(("vg_name", "vg"), ("vg_size", Text(100 * ExtentSize)), ("vg_free", Text(Free)), ("vg_extent_size", Text(ExtentSize)), ("vg_missing_pv_count", Text((ulong)Missing)))}],"
        + $"\"seg\": [{string.Join(',', Volumes.Select(Segment))}]"
        + "}]}";

    private static string Segment(LogicalVolume volume) => Row(
        ("lv_name", volume.Name),
        ("lv_uuid", volume.Uuid),
        ("lv_attr", volume.Attributes),
        ("lv_size", Text(volume.Size)),
        ("origin", volume.Origin ?? ""),
        ("pool_lv", volume.ThinPool ?? ""),
        ("data_percent", volume.Used is { } used ? string.Create(CultureInfo.InvariantCulture, $"{used / 100}.{used % 100:d2}") : ""),
        ("segtype", volume.SegmentType),
        ("chunk_size", Text(volume.ChunkSize)),
        ("seg_size", Text(volume.Size)),
        ("devices", string.Join(',', volume.Extents.Select(extent => $"{extent.Device}({Text(extent.Start / ExtentSize)})"))));

    private static string Section(string name, IEnumerable<string> rows) => $"{{\"report\": [{{\"{name}\": [{string.Join(',', rows)}]}}]}}";

    private static string Row(params (string Name, string Value)[] columns) =>
        "{" + string.Join(',', columns.Select(column => $"\"{column.Name}\":\"{column.Value}\"")) + "}";

    private static string Text(ulong value) => value.ToString(CultureInfo.InvariantCulture);
}
