using Cistern.Storage.Backends.Logical;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Tests.Backends.Logical;

/// <summary>Command lines, those of libvirt where it has them.</summary>
public sealed class LogicalCommandsTests
{
    private const ulong MiB = 1024 * 1024;

    private static VolumeDefinition Volume => new() { Name = "v", Capacity = 20 * MiB, Allocation = 20 * MiB };

    private static VolumeTarget Encrypted => new() { Encryption = new VolumeEncryption("luks") };

    public static TheoryData<string, string> Made => new()
    {
        { "plain", "lvcreate --name v -L 20480K vg --yes" },
        { "odd", "lvcreate --name v -L 9766K vg --yes" },
        { "sparse", "lvcreate --name v -L 8192K --type snapshot --virtualsize 20480K vg --yes" },
        { "nothing allocated", "lvcreate --name v -L 1K --type snapshot --virtualsize 20480K vg --yes" },
        { "more allocated", "lvcreate --name v -L 40960K --type snapshot --virtualsize 20480K vg --yes" },
        { "snapshot", "lvcreate --name v -L 20480K -s /dev/vg/base --yes" },
        { "sparse snapshot", "lvcreate --name v -L 8192K --type snapshot --virtualsize 20480K -s /dev/vg/base --yes" },
        { "encrypted", "lvcreate --name v -L 22528K vg --yes" },
        { "sparse and encrypted", "lvcreate --name v -L 8192K --type snapshot --virtualsize 22528K vg --yes" },
    };

    [Theory]
    [MemberData(nameof(Made))]
    public void Volumes_are_made_as_libvirt_makes_them(string kind, string line)
    {
        BackingStore backing = new("/dev/vg/base", null);
        VolumeDefinition volume = kind switch
        {
            "odd" => Volume with { Capacity = 10_000_000, Allocation = 10_000_000 },
            "sparse" => Volume with { Allocation = 8 * MiB },
            "nothing allocated" => Volume with { Allocation = 0 },
            "more allocated" => Volume with { Allocation = 40 * MiB },
            "snapshot" => Volume with { BackingStore = backing },
            "sparse snapshot" => Volume with { Allocation = 8 * MiB, BackingStore = backing },
            "encrypted" => Volume with { Target = Encrypted },
            "sparse and encrypted" => Volume with { Allocation = 8 * MiB, Target = Encrypted },
            _ => Volume,
        };
        Assert.Equal(line, Line(LogicalCommands.Create("vg", volume)));
    }

    [Fact]
    public void Thin_volumes_and_their_snapshots_are_made_within_their_pool()
    {
        Assert.Equal(
            "lvcreate --name v --type thin --thinpool tp --virtualsize 20480K vg --yes", Line(LogicalCommands.CreateThin("vg", "tp", Volume)));
        Assert.Equal(
            "lvcreate --name v --type thin --thinpool tp --virtualsize 22528K vg --yes",
            Line(LogicalCommands.CreateThin("vg", "tp", Volume with { Target = Encrypted })));
        Assert.Equal("lvcreate --name v -s /dev/vg/base --setactivationskip n --yes", Line(LogicalCommands.SnapshotThin("/dev/vg/base", "v")));
    }

    [Fact]
    public void Volumes_are_changed_and_removed_by_path()
    {
        Assert.Equal("lvremove -f /dev/vg/v", Line(LogicalCommands.Remove("/dev/vg/v")));
        Assert.Equal("lvchange -aln /dev/vg/v", Line(LogicalCommands.DeactivateVolume("/dev/vg/v")));
        Assert.Equal("lvextend -L 9766K /dev/vg/v", Line(LogicalCommands.Extend("/dev/vg/v", 10_000_000)));
        Assert.Equal("lvreduce -f -L 1024K /dev/vg/v", Line(LogicalCommands.Reduce("/dev/vg/v", MiB)));
    }

    [Fact]
    public void Groups_are_made_activated_and_removed()
    {
        Assert.Equal("vgscan", Line(LogicalCommands.Scan));
        Assert.Equal("pvs --reportformat json -o pv_name,vg_name", Line(LogicalCommands.PhysicalVolumes));
        Assert.Equal("vgchange -aly vg", Line(LogicalCommands.Activate("vg")));
        Assert.Equal("vgchange -aln vg", Line(LogicalCommands.Deactivate("vg")));
        Assert.Equal("pvcreate /dev/x", Line(LogicalCommands.CreatePhysicalVolume("/dev/x")));
        Assert.Equal("pvremove /dev/x", Line(LogicalCommands.RemovePhysicalVolume("/dev/x")));
        Assert.Equal("vgcreate vg /dev/x /dev/y", Line(LogicalCommands.CreateGroup("vg", ["/dev/x", "/dev/y"])));
        Assert.Equal("vgremove -f vg", Line(LogicalCommands.RemoveGroup("vg")));
    }

    /// <summary>The transcripts are of this line.</summary>
    [Fact]
    public void One_report_tells_everything_of_a_group() =>
        Assert.Equal(
            "lvm fullreport --reportformat json --units b --nosuffix --configreport vg -o vg_name,vg_size,vg_free,vg_extent_size,vg_missing_pv_count "
            + "--configreport pv -S pv_size=0 --configreport pvseg -S pvseg_size=0 --configreport lv -S lv_size=0 --configreport seg "
            + "-o lv_name,lv_uuid,lv_attr,lv_size,origin,pool_lv,data_percent,segtype,chunk_size,seg_size,devices vg",
            Line(LogicalCommands.Report("vg")));

    [Fact]
    public void Every_command_has_an_end() =>
        Assert.All(
            [LogicalCommands.Scan, LogicalCommands.PhysicalVolumes, LogicalCommands.Report("vg"), LogicalCommands.Create("vg", Volume)],
            command => Assert.NotNull(command.Timeout));

    [Fact]
    public void What_is_no_path_never_reaches_a_tool()
    {
        StorageException error = Assert.Throws<StorageException>(
            () => LogicalCommands.Create("vg", Volume with { BackingStore = new BackingStore("--version", null) }));
        Assert.Equal(StorageErrorCode.InvalidArgument, error.Code);
    }

    private static string Line(Command command) => string.Join(' ', command.Arguments.Prepend(command.Tool));
}
