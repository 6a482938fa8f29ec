using Cistern.Storage.Backends.Rbd;

namespace Cistern.Storage.Tests.Backends.Rbd;

public sealed class ObjectMapTests
{
    private const int Order = 22;
    private const ulong ObjectSize = 1ul << Order;
    private const ulong Layered = 1 | 4 | 8 | RbdHeader.FastDiff;

    [Fact]
    public void A_recorded_map_tells_what_is_allocated()
    {
        // Of an image of 2 objects and 1 byte, whose second and last objects were written.
        byte[] map = Convert.FromHexString("0e0000000101080000000300000000000000140c0000003b3df331010000007050c4d7");

        Assert.Equal(ObjectSize + 1, ObjectMap.Allocation(map, new RbdHeader((2 * ObjectSize) + 1, Order, Layered, 0)));
    }

    [Theory]
    [InlineData(new byte[] { 0b00_00_00_00 }, 4 * ObjectSize, 0)]
    [InlineData(new byte[] { 0b01_10_11_00 }, 4 * ObjectSize, 3 * ObjectSize)]
    [InlineData(new byte[] { 0b11_11_11_01 }, (3 * ObjectSize) + 7, (3 * ObjectSize) + 7)]
    [InlineData(new byte[] { 0xff, 0b01_00_00_00 }, 5 * ObjectSize, 5 * ObjectSize)]
    [InlineData(new byte[] { 0xff, 0b00_11_11_11 }, 5 * ObjectSize, 4 * ObjectSize)]
    [InlineData(new byte[] { 0b11_00_00_00 }, 0, 0)]
    public void Objects_that_exist_are_counted_and_the_last_one_in_part(byte[] bits, ulong size, ulong allocation)
    {
        RbdHeader header = new(size, Order, Layered, 0);

        Assert.Equal(allocation, ObjectMap.Allocation(Map(header.Objects, bits), header));
    }

    [Fact]
    public void What_is_no_map_of_the_image_tells_nothing()
    {
        RbdHeader header = new(5 * ObjectSize, Order, Layered, 0);

        Assert.Null(ObjectMap.Allocation([], header));
        Assert.Null(ObjectMap.Allocation(Map(4, [0xff, 0xff]), header));
        Assert.Null(ObjectMap.Allocation(Map(5, [0xff]), header));
        Assert.Null(ObjectMap.Allocation([0xff, 0xff, 0xff, 0x7f, .. new byte[20]], header));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(4_000_000)]
    public void The_room_for_a_map_is_enough(ulong objects)
    {
        ulong bytes = (objects + 3) / 4;
        ulong checksums = (bytes + 4095) / 4096 * 4;

        Assert.True(ObjectMap.Size(objects) >= (int)(4 + 14 + bytes + 4 + 8 + 4 + checksums));
    }

    [Fact]
    public void Only_a_valid_map_is_believed()
    {
        Assert.True(new RbdHeader(1, Order, Layered, 0).HasFastDiff);
        Assert.False(new RbdHeader(1, Order, Layered, 1).HasFastDiff);
        Assert.False(new RbdHeader(1, Order, Layered, 2).HasFastDiff);
        Assert.False(new RbdHeader(1, Order, 1, 0).HasFastDiff);
    }

    private static byte[] Map(ulong objects, byte[] bits) => [14, 0, 0, 0, 1, 1, 8, 0, 0, 0, .. BitConverter.GetBytes(objects), .. bits];
}
