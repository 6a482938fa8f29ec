using Cistern.Storage.Backends.IscsiDirect;

namespace Cistern.Storage.Tests.Backends.IscsiDirect;

public sealed class ScsiCommandTests
{
    public static TheoryData<string, string> Commands => new()
    {
        { "TestUnitReady", "000000000000 None 0" },
        { "Inquiry", "120000004000 In 64" },
        { "Limits", "1201b0004000 In 64" },
        { "ReportUnits", "a00000000000000002080000 In 520" },
        { "ReadCapacity", "9e100000000000000000000000200000 In 32" },
        { "GetBlockStatus", "9e120000000123456789000004080000 In 1032" },
        { "Read", "88000000000123456789000000080000 In 4096" },
        { "Write", "8a000000000123456789000000080000 Out 4096" },
        { "WriteSame", "93080000000123456789000100000000 Out 512" },
        { "WriteSame as data", "93000000000123456789000100000000 Out 512" },
        { "Unmap", "42000000000000001800 Out 24" },
        { "Synchronise", "91000000000000000000000000000000 None 0" },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public void Descriptor_blocks_are_those_of_the_standard(string name, string expected)
    {
        const ulong First = 0x123456789;
        ScsiCommand command = name switch
        {
            "TestUnitReady" => ScsiCommand.TestUnitReady,
            "Inquiry" => ScsiCommand.Inquiry(64),
            "Limits" => ScsiCommand.Inquiry(ScsiReplies.LimitsPage, 64),
            "ReportUnits" => ScsiCommand.ReportUnits(520),
            "ReadCapacity" => ScsiCommand.ReadCapacity(),
            "GetBlockStatus" => ScsiCommand.GetBlockStatus(First, 1032),
            "Read" => ScsiCommand.Read(First, 8, 4096),
            "Write" => ScsiCommand.Write(First, 8, 4096),
            "WriteSame" => ScsiCommand.WriteSame(First, 0x10000, 512, unmap: true),
            "WriteSame as data" => ScsiCommand.WriteSame(First, 0x10000, 512, unmap: false),
            "Unmap" => ScsiCommand.Unmap(),
            _ => ScsiCommand.Synchronise(),
        };
        Assert.Equal(expected, $"{Convert.ToHexStringLower(command.Descriptor)} {command.Direction} {command.Length}");
    }

    [Fact]
    public void A_list_of_blocks_to_give_back_has_one_entry() =>
        Assert.Equal("0016001000000000000000012345678900000008" + "00000000", Convert.ToHexStringLower(ScsiCommand.UnmapList(0x123456789, 8)));
}
