using Cistern.Storage.Backends.Blocks;

namespace Cistern.Storage.Tests.Backends.Blocks;

public sealed class DiskLabelTests
{
    [Theory]
    [InlineData("dos", 0x1FE, "55AA")]
    [InlineData("gpt", 0x200, "4546492050415254")]
    [InlineData("lvm2", 0x218, "4C564D3220303031")]
    [InlineData("dvh", 0, "0BE5A941")]
    [InlineData("mac", 0, "4552")]
    [InlineData("bsd", 0x40, "57455682")]
    [InlineData("sun", 0x1FC, "DABE")]
    [InlineData("pc98", 0, "CB00000049504C31")]
    [InlineData("unknown", 0x1FE, "0000")]
    public void A_label_is_known_by_its_magic(string label, int offset, string magic)
    {
        byte[] beginning = new byte[DiskLabel.Size];
        Convert.FromHexString(magic).CopyTo(beginning, offset);

        Assert.Equal(label, DiskLabel.Detect(beginning));
    }

    [Theory]
    [InlineData(0x200, "4546492050415254", "gpt")]
    [InlineData(0, "CB00000049504C31", "pc98")]
    public void The_signature_of_dos_which_others_have_too_counts_last(int offset, string magic, string label)
    {
        byte[] beginning = new byte[DiskLabel.Size];
        Convert.FromHexString(magic).CopyTo(beginning, offset);
        beginning[0x1FE] = 0x55;
        beginning[0x1FF] = 0xAA;

        Assert.Equal(label, DiskLabel.Detect(beginning));
    }

    [Fact]
    public void A_device_that_is_too_short_has_none() => Assert.Equal("unknown", DiskLabel.Detect("ER"u8[..1]));
}
