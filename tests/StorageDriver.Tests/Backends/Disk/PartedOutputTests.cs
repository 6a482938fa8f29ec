using Cistern.Storage.Backends.Disk;
using Cistern.Storage.Errors;
using Cistern.Storage.Tests.Transcripts;

namespace Cistern.Storage.Tests.Backends.Disk;

public sealed class PartedOutputTests
{
    private const ulong Cylinder = 255 * 2 * 512;

    [Theory]
    [InlineData("gpt", 17408, 134200832)]
    [InlineData("bsd", 512, 134217728)]
    [InlineData("msdos", 1024, 134215680)]
    [InlineData("sun", 0, 134215680)]
    public void An_empty_label_has_free_space(string label, ulong start, ulong end)
    {
        PartitionTable table = PartedOutput.Parse(Transcript.Read($"disk/print-{label}-empty").Output);
        Assert.Equal((label, 512UL, Cylinder), (table.Label, table.SectorSize, table.Cylinder));
        Assert.Empty(table.Partitions);
        Assert.Equal(new FreeSpace(false, start, end), Assert.Single(table.Free));
    }

    [Fact]
    public void What_lies_in_the_extended_partition_is_logical()
    {
        PartitionTable table = PartedOutput.Parse(Transcript.Read("disk/print-msdos").Output);
        Assert.Equal(
            [PartitionRole.Primary, PartitionRole.Extended, PartitionRole.Logical, PartitionRole.Logical],
            table.Partitions.Select(partition => partition.Role));
        Assert.Equal([1, 2, 5, 6], table.Partitions.Select(partition => partition.Number));
        Assert.Contains(table.Free, free => free.IsLogical);
        Assert.Contains(table.Free, free => !free.IsLogical);
    }

    [Theory]
    [InlineData("")]
    [InlineData("BYT;\n")]
    [InlineData("CYL;\n/dev/sda:1cyl:scsi:512:512:gpt:m:;\n0:255:2:261kB;\nBYT;\n/dev/sda:1B:scsi:512:512:gpt:m:;\n1:x:2B:3B:free;\n")]
    public void What_parted_never_prints_is_refused(string output) =>
        Assert.Equal(StorageErrorCode.InternalError, Assert.Throws<StorageException>(() => PartedOutput.Parse(output)).Code);
}
