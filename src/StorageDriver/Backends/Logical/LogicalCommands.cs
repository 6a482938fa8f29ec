using System.Collections.Immutable;
using System.Globalization;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Logical;

/// <summary>The command lines of LVM. Names of volume groups have been checked, paths begin with a slash: none reads as an option.</summary>
public static class LogicalCommands
{
    /// <summary>What LUKS takes of a volume for itself, in bytes, as libvirt reckons.</summary>
    public const ulong LuksOverhead = 2 * 1024 * 1024;

    private const ulong KiB = 1024;

    /// <summary>Another command may hold the locks for long.</summary>
    private static readonly TimeSpan ReportTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Every device of the host may be looked at, and a mirror's or thin pool's parts be brought up one by one.</summary>
    private static readonly TimeSpan ChangeTimeout = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Everything about one volume group, read under one lock. The sections that are not wanted cannot be left out: they are told to select nothing.
    /// </summary>
    public static Command Report(string group) => new(
        "lvm",
        [
            "fullreport", "--reportformat", "json", "--units", "b", "--nosuffix",
            "--configreport", "vg", "-o", "vg_name,vg_size,vg_free,vg_extent_size,vg_missing_pv_count",
            "--configreport", "pv", "-S", "pv_size=0",
            "--configreport", "pvseg", "-S", "pvseg_size=0",
            "--configreport", "lv", "-S", "lv_size=0",
            "--configreport", "seg", "-o", "lv_name,lv_uuid,lv_attr,lv_size,origin,pool_lv,data_percent,segtype,chunk_size,seg_size,devices",
            group,
        ])
    {
        Timeout = ReportTimeout,
    };

    /// <summary>Has LVM look for volume groups that it has not seen yet.</summary>
    public static Command Scan { get; } = new("vgscan", []) { Timeout = ReportTimeout };

    /// <summary>All physical volumes and the groups that they belong to.</summary>
    public static Command PhysicalVolumes { get; } = new("pvs", ["--reportformat", "json", "-o", "pv_name,vg_name"]) { Timeout = ReportTimeout };

    public static Command Activate(string group) => Change("vgchange", "-aly", group);

    public static Command Deactivate(string group) => Change("vgchange", "-aln", group);

    public static Command CreatePhysicalVolume(string device) => Change("pvcreate", device);

    public static Command RemovePhysicalVolume(string device) => Change("pvremove", device);

    public static Command CreateGroup(string group, IEnumerable<string> devices) => Change("vgcreate", [group, .. devices]);

    public static Command RemoveGroup(string group) => Change("vgremove", "-f", group);

    /// <summary>
    /// As libvirt makes a volume: all of its space at once; where another allocation is asked for, a snapshot of nothing that has that space; with a
    /// backing store, a snapshot of that.
    /// </summary>
    public static Command Create(string group, VolumeDefinition volume)
    {
        var arguments = ImmutableArray.CreateBuilder<string>();
        arguments.AddRange("--name", volume.Name, "-L");
        if (volume.Allocation != volume.Capacity)
        {
            arguments.AddRange(InKiB(Math.Max(volume.Allocation, 1)), "--type", "snapshot", "--virtualsize");
        }

        arguments.Add(InKiB(Size(volume)));
        if (volume.BackingStore is { } backing)
        {
            arguments.AddRange("-s", Absolute(backing.Path));
        }
        else
        {
            arguments.Add(group);
        }

        arguments.Add("--yes");
        return Change("lvcreate", arguments.ToArray());
    }

    /// <summary>A volume that takes its space from a thin pool as it is written to.</summary>
    public static Command CreateThin(string group, string thinPool, VolumeDefinition volume) =>
        Change("lvcreate", "--name", volume.Name, "--type", "thin", "--thinpool", thinPool, "--virtualsize", InKiB(Size(volume)), group, "--yes");

    /// <summary>A snapshot of a thin volume within its thin pool, active at once and at every start.</summary>
    public static Command SnapshotThin(string origin, string name) =>
        Change("lvcreate", "--name", name, "-s", Absolute(origin), "--setactivationskip", "n", "--yes");

    public static Command Remove(string path) => Change("lvremove", "-f", Absolute(path));

    public static Command DeactivateVolume(string path) => Change("lvchange", "-aln", Absolute(path));

    public static Command Extend(string path, ulong capacity) => Change("lvextend", "-L", InKiB(capacity), Absolute(path));

    /// <summary>Cuts off what is beyond the new capacity without asking.</summary>
    public static Command Reduce(string path, ulong capacity) => Change("lvreduce", "-f", "-L", InKiB(capacity), Absolute(path));

    private static ulong Size(VolumeDefinition volume) => volume.Capacity + (volume.Target.Encryption is null ? 0 : LuksOverhead);

    private static string InKiB(ulong bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{(bytes / KiB) + (bytes % KiB == 0 ? 0u : 1u)}K");

    private static string Absolute(string path) => path.StartsWith('/') ? path : throw StorageErrors.PathNotAbsolute(path);

    private static Command Change(string tool, params string[] arguments) => new(tool, [.. arguments]) { Timeout = ChangeTimeout };
}
