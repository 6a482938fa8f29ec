using Cistern.Storage.Backends.Disk;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Tests.Backends.Disk;

public sealed class PartitionPlanTests
{
    private const ulong Mebibyte = 1 << 20;
    private const ulong Cylinder = 255 * 2 * 512;

    private static readonly PartitionTable Dos = new("msdos", 512, Cylinder, [], [new FreeSpace(false, 1024, 134215680)]);

    [Theory]
    [InlineData("linux", "primary ext2")]
    [InlineData("none", "primary ext2")]
    [InlineData(null, "primary ext2")]
    [InlineData("fat16", "primary fat16")]
    [InlineData("fat32", "primary fat32")]
    [InlineData("linux-swap", "primary linux-swap")]
    [InlineData("linux-lvm", "primary ext2")]
    [InlineData("extended", "extended")]
    public void A_dos_label_tells_what_a_partition_is_for(string? format, string type) =>
        Assert.Equal(type, PartitionPlan.Make(Dos, format, Mebibyte).Type);

    [Theory]
    [InlineData("gpt", "primary")]
    [InlineData("mac", "primary")]
    [InlineData("dvh", "primary")]
    [InlineData("pc98", "primary")]
    [InlineData("bsd", "ext2")]
    [InlineData("sun", "ext2")]
    public void Others_have_no_extended_partitions(string label, string type) =>
        Assert.Equal(type, PartitionPlan.Make(Dos with { Label = label }, "extended", Mebibyte).Type);

    /// <summary>The places that libvirtd chose on the same disk.</summary>
    [Theory]
    [InlineData(1024, 20, 1024, 21150719)]
    [InlineData(21150720, 10, 21150720, 31856639)]
    [InlineData(31856640, 50, 31856640, 84341759)]
    [InlineData(84341760, 5, 84341760, 89825279)]
    public void A_partition_of_a_dos_label_ends_with_a_cylinder(ulong free, ulong mebibytes, ulong start, ulong end) =>
        Assert.Equal(
            new PartitionPlan("primary ext2", start, end),
            PartitionPlan.Make(Dos with { Free = [new FreeSpace(false, free, 134215680)] }, null, mebibytes * Mebibyte));

    [Fact]
    public void The_fifth_partition_is_a_logical_one_behind_a_record_of_its_own()
    {
        PartitionTable table = Full(extended: true) with { Free = [new FreeSpace(true, 31857664, 84341760), new FreeSpace(false, 89825280, 134215680)] };
        Assert.Equal(new PartitionPlan("logical ext2", 31858176, 40473599), PartitionPlan.Make(table, "linux", 8 * Mebibyte));
    }

    [Theory]
    [InlineData("extended", true)]
    [InlineData("extended", false)]
    [InlineData("linux", false)]
    public void There_are_four_primary_partitions_and_one_extended(string format, bool extended) =>
        Assert.Equal(
            (StorageErrorCode.InternalError, StorageErrorDomain.Storage),
            Key(Assert.Throws<StorageException>(() => PartitionPlan.Make(Full(extended), format, Mebibyte))));

    [Fact]
    public void The_smallest_space_that_is_large_enough_is_taken()
    {
        PartitionTable table = Dos with
        {
            Label = "gpt",
            Free = [new FreeSpace(false, 0, 9 * Mebibyte), new FreeSpace(false, 20 * Mebibyte, 24 * Mebibyte), new FreeSpace(false, 30 * Mebibyte, 33 * Mebibyte)],
        };
        Assert.Equal(20 * Mebibyte, PartitionPlan.Make(table, null, 4 * Mebibyte).Start);
        Assert.Equal(512UL, PartitionPlan.Make(table, null, 5 * Mebibyte).Start);
        Assert.Throws<StorageException>(() => PartitionPlan.Make(table, null, 9 * Mebibyte));
    }

    [Theory]
    [InlineData("sun")]
    [InlineData("pc98")]
    public void Some_labels_take_whole_cylinders(string label)
    {
        PartitionTable table = Dos with { Label = label, Free = [new FreeSpace(false, 0, 10 * Cylinder)] };
        Assert.Equal((Cylinder, (3 * Cylinder) - 1), (PartitionPlan.Make(table, null, Cylinder + 1) is var plan ? plan.Start : 0, plan.End));
        Assert.Equal((10 * Cylinder) - 1, PartitionPlan.Make(table, null, 9 * Cylinder).End);
        Assert.Throws<StorageException>(() => PartitionPlan.Make(table, null, (9 * Cylinder) + 1));
    }

    private static PartitionTable Full(bool extended) => Dos with
    {
        Partitions =
        [
            .. Enumerable.Range(1, 4).Select(number =>
                new Partition(number, extended && number == 3 ? PartitionRole.Extended : PartitionRole.Primary, (ulong)number * Mebibyte, (ulong)(number + 1) * Mebibyte)),
        ],
    };

    private static (StorageErrorCode, StorageErrorDomain) Key(StorageException error) => (error.Code, error.Domain);
}
