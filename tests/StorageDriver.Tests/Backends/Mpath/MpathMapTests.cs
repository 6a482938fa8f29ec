using Cistern.Storage.Backends.Mpath;
using Cistern.Storage.Host;
using Cistern.Storage.Tests.Transcripts;
using Cistern.Support;

namespace Cistern.Storage.Tests.Backends.Mpath;

/// <summary>Two maps of multipath-tools, and a linear device on one of them; device-mapper itself does not answer.</summary>
public sealed class MpathMapTests : IDisposable
{
    private readonly TemporaryFolder _sys = new();

    public MpathMapTests() => CapturedTree.Unpack("mpath/two-maps", _sys.Path);

    public void Dispose() => _sys.Dispose();

    [Fact]
    public void Maps_are_the_devices_of_multipath_alone()
    {
        var maps = Find();
        Assert.Equal([new MpathMap("dm-0", "mpatha", 0, 0), new MpathMap("dm-1", "mpathb", 0, 0)], maps);

        string[] table = Transcript.Read("mpath/dmsetup-table").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(table.Where(line => line.Contains(" multipath ", StringComparison.Ordinal)).Select(line => line.Split(':')[0]).Order(), maps.Select(map => map.Name));
    }

    [Fact]
    public void Partitions_of_maps_are_no_maps()
    {
        _sys.Write("block/dm-2/dm/uuid", "part1-mpath-1Linux_scsi_debug_2000\n"u8);
        Assert.Equal(2, Find().Count);
    }

    [Fact]
    public void Maps_stand_in_the_order_of_their_numbers()
    {
        foreach (string device in (string[])["dm-10", "dm-9"])
        {
            Directory.CreateDirectory(_sys[$"block/{device}/dm"]);
            _sys.Write($"block/{device}/dm/uuid", "mpath-x\n"u8);
            _sys.Write($"block/{device}/dm/name", "x\n"u8);
        }

        Assert.Equal(["dm-0", "dm-1", "dm-9", "dm-10"], Find().Select(map => map.Device));
    }

    [Fact]
    public void A_map_that_goes_meanwhile_is_left_out()
    {
        File.Delete(_sys["block/dm-0/dm/name"]);
        Assert.Equal(["dm-1"], Find().Select(map => map.Device));
    }

    private IReadOnlyList<MpathMap> Find() => MpathMap.Find(new KernelRoots(Sys: _sys.Path, Dev: "/none"));
}
