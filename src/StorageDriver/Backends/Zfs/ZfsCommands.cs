using System.Globalization;
using Cistern.Storage.Commands;

namespace Cistern.Storage.Backends.Zfs;

/// <summary>The command lines of ZFS's tools. No name in them begins with a dash: <see cref="ZfsNames"/> sees to that.</summary>
public static class ZfsCommands
{
    private const ulong KiB = 1024;

    /// <summary>A pool that resilvers or has lost a device answers late.</summary>
    private static readonly TimeSpan QuickTimeout = TimeSpan.FromMinutes(1);

    /// <summary>What writes labels, or frees the blocks of many volumes.</summary>
    private static readonly TimeSpan LongTimeout = TimeSpan.FromMinutes(10);

    /// <param name="dataset">The pool's: its first part is the name of the zpool.</param>
    public static Command Numbers(string dataset) => Zpool("get", "-Hp", "health,size,free,allocated", dataset.Split('/')[0]);

    /// <summary>The volumes of one dataset; those of datasets within it belong to other pools.</summary>
    public static Command Volumes(string dataset) => Zfs("list", "-Hp", "-t", "volume", "-d", "1", "-o", "name,volsize,refreservation", dataset);

    /// <summary>Fails when there is no such dataset.</summary>
    public static Command Find(string dataset) => Zfs("list", "-H", "-o", "name", dataset);

    public static Command MakePool(string name, IEnumerable<string> devices) => new("zpool", ["create", name, .. devices]) { Timeout = LongTimeout };

    public static Command DeletePool(string name) => new("zpool", ["destroy", name]) { Timeout = LongTimeout };

    /// <summary>A dataset that only holds volumes.</summary>
    public static Command MakeDataset(string dataset) => Zfs("create", "-o", "mountpoint=none", dataset);

    public static Command DeleteDataset(string dataset) => new("zfs", ["destroy", "-r", dataset]) { Timeout = LongTimeout };

    /// <summary>Makes a volume that is shown as a device only, without the partitions on it: thick, or with as much space kept for it as is asked for.</summary>
    public static Command Make(string dataset, ulong capacity, ulong allocation)
    {
        string[] sparse = capacity == allocation ? [] : allocation == 0 ? ["-s"] : ["-s", "-o", $"refreservation={InKiB(allocation)}"];
        return new Command("zfs", ["create", "-o", "volmode=dev", .. sparse, "-V", InKiB(capacity), dataset]) { Timeout = LongTimeout };
    }

    /// <param name="withSnapshots">Its snapshots, too. Those that others are cloned from stay, and so does the volume.</param>
    public static Command Delete(string dataset, bool withSnapshots) =>
        new("zfs", ["destroy", .. withSnapshots ? ["-r"] : Array.Empty<string>(), dataset]) { Timeout = LongTimeout };

    public static Command Snapshot(string snapshot) => Zfs("snapshot", snapshot);

    public static Command Clone(string snapshot, string dataset) => Zfs("clone", "-o", "volmode=dev", snapshot, dataset);

    /// <summary>Deletes a snapshot when nothing is cloned from it any more.</summary>
    public static Command Release(string snapshot) => Zfs("destroy", "-d", snapshot);

    public static Command BlockSize(string dataset) => Zfs("get", "-Hp", "-o", "value", "volblocksize", dataset);

    /// <param name="capacity">Bytes, whole blocks; null: as it is.</param>
    /// <param name="reservation">Bytes of space that is kept for the volume; <see cref="ulong.MaxValue"/>: as much as it can ever take; null: as it is.</param>
    public static Command Set(string dataset, ulong? capacity, ulong? reservation)
    {
        List<string> properties = [];
        if (capacity is { } size)
        {
            properties.Add(string.Create(CultureInfo.InvariantCulture, $"volsize={size}"));
        }

        if (reservation is { } space)
        {
            properties.Add(space == ulong.MaxValue ? "refreservation=auto" : $"refreservation={InKiB(space)}");
        }

        return new Command("zfs", ["set", .. properties, dataset]) { Timeout = QuickTimeout };
    }

    private static string InKiB(ulong bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{(bytes / KiB) + (bytes % KiB == 0 ? 0u : 1u)}K");

    private static Command Zfs(params ReadOnlySpan<string> arguments) => new("zfs", [.. arguments]) { Timeout = QuickTimeout };

    private static Command Zpool(params ReadOnlySpan<string> arguments) => new("zpool", [.. arguments]) { Timeout = QuickTimeout };
}
