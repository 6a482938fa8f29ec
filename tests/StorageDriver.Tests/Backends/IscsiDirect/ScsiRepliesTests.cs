using Cistern.Storage.Backends.IscsiDirect;

namespace Cistern.Storage.Tests.Backends.IscsiDirect;

public sealed class ScsiRepliesTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("0000001000000000" + "0000000000000000" + "0001000000000000", "0 1")]
    [InlineData("0000001800000000" + "00ff000000000000" + "4100000000000000" + "7fff000000000000", "255 256 16383")]
    [InlineData("0000001000000000" + "c101000000000000" + "8001000000000000", "")]
    [InlineData("0000001000000000" + "0002000000000000", "2")]
    public void Units_are_those_with_a_number_alone(string list, string units) =>
        Assert.Equal(units, string.Join(' ', ScsiReplies.Units(Bytes(list))));

    [Fact]
    public void A_list_tells_its_whole_length()
    {
        Assert.Equal(8 + 0x1000, ScsiReplies.UnitListLength(Bytes("0000100000000000")));
        Assert.Equal(8 + (1 << 20), ScsiReplies.UnitListLength(Bytes("ffffffff00000000")));
        Assert.Equal(0, ScsiReplies.UnitListLength(Bytes("0000")));
    }

    [Fact]
    public void Capacity_counts_the_last_block()
    {
        ScsiCapacity plain = ScsiReplies.Capacity(Bytes("000000000000ffff" + "00000200" + "0000" + "0000"));
        Assert.Equal(new ScsiCapacity(65536, 512, IsThin: false, ReadsZeros: false), plain);
        ScsiCapacity thin = ScsiReplies.Capacity(Bytes("00000000ffffffff" + "00001000" + "0000" + "c000"));
        Assert.Equal(new ScsiCapacity(1ul << 32, 4096, IsThin: true, ReadsZeros: true), thin);
        Assert.Equal(default, ScsiReplies.Capacity(Bytes("00000000")));
    }

    [Fact]
    public void Limits_are_read_as_far_as_the_page_goes()
    {
        string page = "00b0003c" + "0000" + "0000" + "00004000" + "00000080" + "00000000" + "00010000" + "00000001" + "00000000" + "00000000" + "0000000000100000";
        Assert.Equal(new ScsiLimits(0x4000, 0x10000, 0x100000), ScsiReplies.Limits(Bytes(page)));
        Assert.Equal(new ScsiLimits(0x4000, 0, 0), ScsiReplies.Limits(Bytes(page[..32])));
        Assert.Equal(default, ScsiReplies.Limits(Bytes("0083003c" + page[8..])));
        Assert.Equal(default, ScsiReplies.Limits([]));
    }

    [Theory]
    [InlineData("", false, 0)]
    [InlineData("0000001400000000" + "0000000000000000" + "00000010" + "01000000", true, 8)]
    [InlineData("0000001400000000" + "0000000000000000" + "00000008" + "01000000", false, 0)]
    [InlineData("0000001400000000" + "0000000000000008" + "00000010" + "01000000", true, 16)]
    [InlineData("0000001400000000" + "0000000000000000" + "00000010" + "00000000", false, 8)]
    [InlineData("0000002400000000" + "0000000000000008" + "00000010" + "00000000" + "0000000000000018" + "00000008" + "00000000", false, 24)]
    [InlineData("0000002400000000" + "0000000000000008" + "00000010" + "00000000" + "0000000000000018" + "00000008" + "01000000", false, 16)]
    [InlineData("0000002400000000" + "0000000000000008" + "00000010" + "01000000" + "0000000000000020" + "00000008" + "01000000", true, 16)]
    public void Status_joins_what_is_alike_from_the_block_on(string answer, bool isHole, int blocks) =>
        Assert.Equal((isHole, (ulong)blocks), ScsiReplies.Status(Bytes(answer), 8));

    private static byte[] Bytes(string hexadecimal) => Convert.FromHexString(hexadecimal[..(hexadecimal.Length / 2 * 2)]);
}
