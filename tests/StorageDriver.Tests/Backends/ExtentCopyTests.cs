using Cistern.Storage.Backends;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Tests.Backends;

public sealed class ExtentCopyTests
{
    private const int Block = 4096;
    private const int Size = 10 * 1024 * 1024;

    private readonly byte[] _data = Data();
    private readonly JobProgress _progress = new();

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(100_000)]
    public async Task All_data_arrive_however_little_a_read_gives(int mostAtOnce)
    {
        MemoryExtents to = new(Dirty(Size), Block);

        await ExtentCopy.RunAsync(new MemoryExtents(_data, Block) { MostAtOnce = mostAtOnce }, to, readsZeros: false, _progress, default);

        Assert.Equal(_data, to.Content);
        Assert.True(to.Flushed);
        Assert.Equal((ulong)Size, _progress.Allocated);
    }

    [Fact]
    public async Task Holes_are_left_alone_where_the_target_reads_zeros()
    {
        MemoryExtents to = new(new byte[Size + Block], Block);

        await ExtentCopy.RunAsync(new MemoryExtents(_data, Block), to, readsZeros: true, _progress, default);

        Assert.Equal(_data, to.Content[..Size]);
        Assert.Empty(to.Zeroed);
        Assert.DoesNotContain(to.Written, piece => piece.Offset is >= Block and < Size / 2);
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(100_000)]
    public async Task Zeros_within_an_extent_are_not_written_where_the_target_reads_zeros(int mostAtOnce)
    {
        MemoryExtents from = new(_data, Size) { MostAtOnce = mostAtOnce };
        MemoryExtents to = new(new byte[Size], Size);

        await ExtentCopy.RunAsync(from, to, readsZeros: true, _progress, default);

        Assert.Equal(_data, to.Content);
        Assert.InRange(to.Written.Sum(piece => piece.Length), (Size / 2) + Block, (Size / 2) + Block + 200_000);
    }

    [Fact]
    public async Task What_lies_beyond_the_source_in_a_larger_target_stays()
    {
        MemoryExtents to = new(Dirty(Size + Block), Block);

        await ExtentCopy.RunAsync(new MemoryExtents(_data, Block), to, readsZeros: false, _progress, default);

        Assert.Equal(Dirty(Size + Block)[Size..], to.Content[Size..]);
    }

    [Fact]
    public async Task A_target_that_is_too_small_is_not_touched()
    {
        MemoryExtents to = new(Dirty(Size - 1), Block);

        var error = await Assert.ThrowsAsync<StorageException>(
            () => ExtentCopy.RunAsync(new MemoryExtents(_data, Block), to, readsZeros: false, _progress, default).AsTask());

        Assert.Contains($"{Size} bytes", error.Message, StringComparison.Ordinal);
        Assert.Empty(to.Written);
    }

    [Fact]
    public async Task A_write_that_fails_is_the_copys_failure()
    {
        MemoryExtents to = new(new byte[Size], Block) { FailWritesWith = StorageErrors.System(28, "full") };

        var error = await Assert.ThrowsAsync<StorageException>(
            () => ExtentCopy.RunAsync(new MemoryExtents(_data, Block), to, readsZeros: true, _progress, default).AsTask());

        Assert.Equal(28, error.Errno);
    }

    /// <summary>A block of data, half of a hole, and data to the end.</summary>
    private static byte[] Data()
    {
        byte[] data = Dirty(Size);
        data.AsSpan(Block, (Size / 2) - Block).Clear();
        return data;
    }

    private static byte[] Dirty(int size) => [.. Enumerable.Range(0, size).Select(value => (byte)((value % 251) + 1))];
}
