using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Tests.Pools;

public sealed class VolumeSizesTests
{
    private static readonly PoolDefinition Pool = new()
    {
        Type = PoolType.Dir,
        Name = "p",
        Uuid = Guid.NewGuid(),
        Numbers = new PoolNumbers(1000, 900, 100),
    };

    private static readonly VolumeDefinition Full = new() { Name = "v", Capacity = 500, Allocation = 500 };

    [Theory]
    [InlineData(400ul, ResizeFlags.Shrink, false, StorageErrorCode.InvalidArgument)]
    [InlineData(400ul, ResizeFlags.None, true, StorageErrorCode.InvalidArgument)]
    [InlineData(601ul, ResizeFlags.Allocate, true, StorageErrorCode.OperationFailed)]
    internal void What_may_not_be_is_refused(ulong capacity, ResizeFlags flags, bool follows, StorageErrorCode code) =>
        Assert.Equal(code, Assert.Throws<StorageException>(() => VolumeSizes.ResizeTarget(Full, capacity, flags, Pool, follows)).Code);

    [Theory]
    [InlineData(400ul, ResizeFlags.Shrink, 400ul)]
    [InlineData(400ul, ResizeFlags.Shrink | ResizeFlags.Allocate, 400ul)]
    [InlineData(100ul, ResizeFlags.Shrink | ResizeFlags.Delta, 400ul)]
    [InlineData(600ul, ResizeFlags.Allocate, 600ul)]
    internal void Where_the_space_follows_the_capacity_it_is_no_bound(ulong capacity, ResizeFlags flags, ulong target) =>
        Assert.Equal(target, VolumeSizes.ResizeTarget(Full, capacity, flags, Pool, allocationFollows: true));
}
