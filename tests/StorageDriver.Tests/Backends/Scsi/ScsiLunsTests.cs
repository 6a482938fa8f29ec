using Cistern.Storage.Backends.Scsi;
using Cistern.Storage.Host;
using Cistern.Storage.Tests.Transcripts;
using Cistern.Support;

namespace Cistern.Storage.Tests.Backends.Scsi;

/// <summary>Two hosts of scsi_debug with three units each, and what scsi_id told of them.</summary>
public sealed class ScsiLunsTests : IDisposable
{
    private readonly TemporaryFolder _sys = new();
    private readonly KernelRoots _kernel;

    public ScsiLunsTests()
    {
        CapturedTree.Unpack("scsi/two-hosts", _sys.Path);
        _kernel = new KernelRoots(Sys: _sys.Path);
    }

    public void Dispose() => _sys.Dispose();

    [Fact]
    public void Units_are_those_of_the_host_by_address()
    {
        var luns = ScsiLuns.Find(_kernel, 1);

        Assert.Equal(["unit:0:0:0", "unit:0:0:1", "unit:0:0:2"], luns.Select(lun => lun.VolumeName));
        Assert.Equal(["sdd", "sde", "sdf"], luns.Select(lun => lun.Device));
        Assert.Empty(ScsiLuns.Find(_kernel, 2));
        Assert.Empty(ScsiLuns.Find(new KernelRoots(Sys: "/none"), 1));
    }

    [Fact]
    public void Serials_are_what_scsi_id_tells()
    {
        foreach (ScsiLun lun in ScsiLuns.Find(_kernel, 0).Concat(ScsiLuns.Find(_kernel, 1)))
        {
            Assert.Equal(Transcript.Read($"scsi/scsi_id-{lun.Device}").Output.TrimEnd(), lun.Identity.Serial);
        }
    }

    [Fact]
    public void Units_of_two_hosts_differ_by_their_serials()
    {
        var serials = ScsiLuns.Find(_kernel, 0).Concat(ScsiLuns.Find(_kernel, 1)).Select(lun => lun.Identity.Serial);
        Assert.Equal(6, serials.Distinct().Count());
    }

    [Theory]
    [InlineData("5\n", true)]
    [InlineData("0\n", true)]
    [InlineData("1\n", false)]
    [InlineData("13\n", false)]
    [InlineData("", false)]
    public void Disks_and_cd_roms_are_units(string type, bool listed)
    {
        _sys.Write("bus/scsi/devices/1:0:0:0/type", System.Text.Encoding.ASCII.GetBytes(type));
        Assert.Equal(listed, ScsiLuns.Find(_kernel, 1).Any(lun => lun.Number == 0));
    }

    [Fact]
    public void A_unit_that_is_just_coming_has_no_device()
    {
        Directory.Delete(_sys["bus/scsi/devices/1:0:0:0/block"], recursive: true);
        Assert.Null(ScsiLuns.Find(_kernel, 1)[0].Device);
    }

    [Fact]
    public void Units_stand_in_the_order_of_their_numbers()
    {
        string device = _sys["bus/scsi/devices/1:0:0:16388"];
        Directory.CreateDirectory(device);
        File.WriteAllText($"{device}/type", "0\n");
        Assert.Equal([0UL, 1, 2, 16388], ScsiLuns.Find(_kernel, 1).Select(lun => lun.Number));
    }
}
