using Cistern.Storage.Backends.Logical;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Tests.Transcripts;

namespace Cistern.Storage.Tests.Backends.Logical;

/// <summary>What LVM 2.03.16 printed of real groups.</summary>
public sealed class LogicalOutputTests
{
    private const ulong Extent = 4 * 1024 * 1024;

    private static VolumeGroup Report => LogicalOutput.ParseReport(Transcript.Read("logical/report").Output, "vg");

    [Fact]
    public void A_group_tells_its_size_and_volumes()
    {
        VolumeGroup group = Report;
        Assert.Equal((62 * Extent, Extent, 0ul), (group.Size, group.ExtentSize, group.Missing));
        Assert.True(group.Free > 0 && group.Free % Extent == 0);
        Assert.Equal(
            ["inactive", "mirrored", "of-nothing", "parts", "plain", "raid", "snap", "stripes", "thin", "tp"],
            group.Volumes.Select(volume => volume.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("plain", 2, "linear", "")]
    [InlineData("parts", 4, "linear", "")]
    [InlineData("stripes", 4, "striped", "")]
    [InlineData("mirrored", 1, "mirror", "")]
    [InlineData("raid", 1, "raid1", "")]
    [InlineData("snap", 1, "linear", "snapshot of plain")]
    [InlineData("of-nothing", 1, "linear", "snapshot of ")]
    [InlineData("inactive", 1, "linear", "inactive")]
    [InlineData("tp", 2, "thin-pool", "pool")]
    [InlineData("thin", 25, "thin", "thin in tp")]
    public void A_volume_tells_what_it_is(string name, int extents, string type, string kind)
    {
        LogicalVolume volume = Report.Find(name)!;
        Assert.Equal(((ulong)extents * Extent, type), (volume.Size, volume.SegmentType));
        Assert.Matches("^([A-Za-z0-9]{4,6}-){6}[A-Za-z0-9]{6}$", volume.Uuid);
        Assert.Equal(
            kind,
            !volume.IsActive ? "inactive" : volume.IsPool ? "pool" : volume.IsThin ? $"thin in {volume.ThinPool}" : volume.IsSnapshot ? $"snapshot of {volume.Origin}" : "");
    }

    [Theory]
    [InlineData("plain", 2)]
    [InlineData("parts", 2, 2)]
    [InlineData("stripes", 4, 4)]
    [InlineData("mirrored", 1, 1)]
    [InlineData("thin")]
    public void A_volume_lies_on_extents(string name, params int[] lengths)
    {
        var extents = Report.Find(name)!.Extents;
        Assert.Equal(lengths.Select(length => (ulong)length * Extent), extents.Select(extent => extent.End - extent.Start));
        Assert.All(extents, extent => Assert.Equal(0ul, extent.Start % Extent));
        Assert.All(extents, extent => Assert.StartsWith(name == "mirrored" ? "mirrored_mimage_" : "/dev/sd", extent.Device, StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_in_use_is_told_in_chunks()
    {
        VolumeGroup group = Report;
        Assert.Equal((65536ul, 65536ul * 16), (group.Find("tp")!.ChunkSize, group.TakenBy(group.Find("thin")!)));
        Assert.Equal((8ul << 20) - (1ul << 20), group.RoomiestThinPool!.Room, 8192d);
        Assert.True(group.Find("thin")!.ZeroesNew);
    }

    [Fact]
    public void A_group_tells_how_many_of_its_devices_are_missing()
    {
        VolumeGroup group = LogicalOutput.ParseReport(Transcript.Read("logical/report-missing").Output, "hurt");
        Assert.Equal(1ul, group.Missing);
        Assert.Equal("[unknown]", Assert.Single(group.Find("broken")!.Extents).Device);
        Assert.True(group.Find("broken")!.IsActive);
    }

    [Fact]
    public void Groups_are_told_by_their_devices()
    {
        PoolSource source = Assert.Single(LogicalOutput.ParseSources(Transcript.Read("logical/pvs").Output));
        Assert.Equal(("vg", "lvm2", 2), (source.Name, source.Format, source.Devices.Length));
        Assert.Empty(LogicalOutput.ParseSources("""{"report": [{"pv": [{"pv_name":"/dev/x", "vg_name":""}]}]}"""));
    }

    /// <summary>What a lock's refusal looks like is in the transcript; the runner knows it by its text.</summary>
    [Fact]
    public void A_refused_lock_says_so()
    {
        var result = Transcript.Read("logical/locked");
        Assert.Equal(5, result.ExitCode);
        Assert.Contains("Can't get lock for", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no JSON")]
    [InlineData("{}")]
    [InlineData("""{"report": []}""")]
    [InlineData("""{"report": [{"vg": [], "seg": []}]}""")]
    [InlineData("""{"report": [{"vg": [{"vg_name":"other"}], "seg": []}]}""")]
    [InlineData("""{"report": [{"vg": [{"vg_name":"vg", "vg_size":"-1", "vg_free":"0", "vg_extent_size":"1", "vg_missing_pv_count":"0"}], "seg": []}]}""")]
    [InlineData("""{"report": [{"vg": [{"vg_name":"vg", "vg_size":"1", "vg_free":"0", "vg_extent_size":"1", "vg_missing_pv_count":"0"}], "seg": [{"lv_name":"x"}]}]}""")]
    public void Output_that_is_not_understood_is_an_error(string output)
    {
        StorageException error = Assert.Throws<StorageException>(() => LogicalOutput.ParseReport(output, "vg"));
        Assert.Equal(StorageErrorCode.InternalError, error.Code);
        Assert.Contains("'lvm fullreport'", error.Message, StringComparison.Ordinal);
    }
}
