using System.Text;
using Cistern.Storage.Backends.Scsi;
using Cistern.Support;

namespace Cistern.Storage.Tests.Backends.Scsi;

public sealed class ScsiIdentityTests : IDisposable
{
    private const string Maker = "Linux   scsi disk       ";
    private const int Binary = 1;
    private const int Ascii = 2;

    private static readonly byte[] Extended = Designator(3, Binary, Convert.FromHexString("60010405010203040506070809101112"));
    private static readonly byte[] Registered = Designator(3, Binary, Convert.FromHexString("5000c500a1b2c3d4"));
    private static readonly byte[] Local = Designator(3, Binary, Convert.FromHexString("33333330000007d0"));
    private static readonly byte[] Eui = Designator(2, Binary, Convert.FromHexString("0011223344556677"));
    private static readonly byte[] Vendor = Designator(1, Ascii, "Linux   a  b\0c"u8);
    private static readonly byte[] Own = Designator(0, Ascii, "77"u8);
    private static readonly byte[] Port = Designator(3, Binary, Convert.FromHexString("5000c500a1b2c3d5"), association: 1);
    private static readonly byte[] Target = Designator(3, Binary, Convert.FromHexString("5000c500a1b2c3d6"), association: 2);
    private static readonly byte[] Group = Designator(5, Binary, [0, 0, 0x01, 0xA0], association: 1);
    private static readonly byte[] Name = Designator(8, 3, "naa.5000c500a1b2c3d4"u8);

    private readonly TemporaryFolder _unit = new();

    public static TheoryData<string, byte[], string?> Pages { get; } = new()
    {
        { "an extended name before a registered one", Page(Registered, Extended), "360010405010203040506070809101112" },
        { "a registered name before a local one", Page(Local, Registered), "35000c500a1b2c3d4" },
        { "a local name before an EUI", Page(Eui, Local), "333333330000007d0" },
        { "an EUI before a vendor's", Page(Vendor, Eui), "20011223344556677" },
        { "a vendor's, cleaned, up to a zero", Page(Own, Vendor), "1Linux_a_b" },
        { "one of the unit's own with its maker", Page(Own), "0Linux_scsi_disk_77" },
        { "the first of two of a kind", Page(Designator(0, Ascii, "1"u8), Own), "0Linux_scsi_disk_1" },
        { "binary before text", Page(Designator(0, Ascii, "1"u8), Designator(0, Binary, [0xAB])), "0Linux_scsi_disk_ab" },
        { "names of ports and targets are not the unit's", Page(Port, Target, Group, Name), null },
        { "a page before SPC-2", [0, 0x83, 0, 8, 0x60, 0x06, 0x04, 0x80, 1, 2, 3, 4], "36006048001020304" },
        { "another page", [0, 0x80, 0, 4, .. "abcd"u8], null },
        { "an empty page", [0, 0x83, 0, 0], null },
        { "a name longer than the page", Page(Registered)[..^4], "35000c500" },
        { "a length beyond the page", [0, 0x83, 0xFF, 0xFF, .. Registered], "35000c500a1b2c3d4" },
        { "a header without a name", [0, 0x83, 0, 4, Binary, 3, 0, 0], null },
        { "nothing", [], null },
    };

    public void Dispose() => _unit.Dispose();

    [Theory]
    [MemberData(nameof(Pages))]
    public void The_best_name_of_the_unit_is_its_serial(string what, byte[] page, string? serial) =>
        Assert.True(serial == new ScsiDesignators(page).Serial(Maker), what);

    [Fact]
    public void Port_groups_are_hexadecimal()
    {
        Assert.Equal("1a0", new ScsiDesignators(Page(Registered, Group)).PortGroup);
        Assert.Null(new ScsiDesignators(Page(Registered)).PortGroup);
        Assert.Null(new ScsiDesignators(null).PortGroup);
    }

    [Fact]
    public void A_unit_without_names_has_a_serial_number()
    {
        Write("vpd_pg80", [0, 0x80, 0, 8, .. " 00/42 x"u8]);
        Assert.Equal("SLinux_scsi_disk_00_42_x", Read().Serial);
        Write("vpd_pg83", Page(Group, Registered));
        Assert.Equal(("35000c500a1b2c3d4", "35000c500a1b2c3d4_PORT1a0"), (Read().Serial, Read().SerialAtPort));
    }

    [Fact]
    public void A_unit_may_say_nothing()
    {
        Assert.Equal(new ScsiIdentity(null, null), ScsiIdentity.Read(_unit.Path));
        Assert.Null(Read().SerialAtPort);
        Write("vpd_pg80", [0]);
        Assert.Null(Read().Serial);
    }

    private ScsiIdentity Read()
    {
        Write("vendor", Encoding.ASCII.GetBytes(Maker[..8] + "\n"));
        Write("model", Encoding.ASCII.GetBytes(Maker[8..] + "\n"));
        return ScsiIdentity.Read(_unit.Path);
    }

    private void Write(string file, byte[] content) => _unit.Write(file, content);

    private static byte[] Page(params byte[][] designators)
    {
        byte[] all = [.. designators.SelectMany(designator => designator)];
        return [0, 0x83, (byte)(all.Length >> 8), (byte)all.Length, .. all];
    }

    private static byte[] Designator(int type, int codeSet, ReadOnlySpan<byte> value, int association = 0) =>
        [(byte)codeSet, (byte)((association << 4) | type), 0, (byte)value.Length, .. value];
}
