using System.Globalization;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Zfs;

/// <summary>A volume in the tool's list.</summary>
/// <param name="Dataset">Its whole name.</param>
/// <param name="Capacity">Bytes.</param>
/// <param name="Reservation">Bytes of space that is kept for it.</param>
internal readonly record struct ZfsVolume(string Dataset, ulong Capacity, ulong Reservation);

/// <summary>Reads what ZFS's tools print for programs: fields with tabs between them, exact numbers.</summary>
internal static class ZfsOutput
{
    /// <exception cref="StorageException">1/18: a number that the pool has is not among them.</exception>
    public static PoolNumbers Numbers(string output)
    {
        Dictionary<string, string> values = Lines(output).Where(fields => fields.Length == 4).ToDictionary(fields => fields[1], fields => fields[2]);
        return new PoolNumbers(Number(values, "size"), Number(values, "allocated"), Number(values, "free"));
    }

    /// <summary>Lines that are none of a volume are left out.</summary>
    public static IReadOnlyList<ZfsVolume> Volumes(string output)
    {
        List<ZfsVolume> volumes = [];
        foreach (string[] fields in Lines(output))
        {
            if (fields.Length == 3 && TryParse(fields[1], out ulong capacity))
            {
                // "none" for a volume that nothing is kept for.
                volumes.Add(new ZfsVolume(fields[0], capacity, TryParse(fields[2], out ulong reservation) ? reservation : 0));
            }
        }

        return volumes;
    }

    /// <exception cref="StorageException">1/18: it is no size of a block.</exception>
    public static ulong BlockSize(string output) =>
        TryParse(output.Trim(), out ulong size) && ulong.IsPow2(size) ? size : throw StorageErrors.ZfsOutputNotUnderstood("volblocksize", output.Trim());

    private static ulong Number(Dictionary<string, string> values, string name) =>
        values.TryGetValue(name, out string? text) && TryParse(text, out ulong value) ? value : throw StorageErrors.ZfsOutputNotUnderstood(name, text ?? "");

    private static IEnumerable<string[]> Lines(string output) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t'));

    private static bool TryParse(string text, out ulong value) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
