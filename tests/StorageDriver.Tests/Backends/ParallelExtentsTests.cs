using System.Buffers;
using Cistern.Storage.Backends;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Tests.Backends;

public sealed class ParallelExtentsTests
{
    private const int Piece = ParallelExtents.PieceSize;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Any_order_of_calls_gives_what_memory_would(int seed)
    {
        Random random = new(seed);
        byte[] model = new byte[(9 * Piece) + 12345];
        random.NextBytes(model);
        FakeVolume volume = new((byte[])model.Clone());
        await using ParallelExtents extents = new(new PoolThreads(), volume);
        int position = 0;
        for (int step = 0; step < 400; step++)
        {
            position = random.Next(3) == 0 ? random.Next(model.Length) : Math.Min(position, model.Length - 1);
            int length = Math.Min(random.Next(1, random.Next(8) == 0 ? 3 * Piece : 100_000), model.Length - position);
            switch (random.Next(4))
            {
                case 0:
                    byte[] data = new byte[length];
                    random.NextBytes(data);
                    data.CopyTo(model, position);
                    await extents.WriteAtAsync(position, new ReadOnlySequence<byte>(data), CancellationToken.None);
                    break;
                case 1:
                    model.AsSpan(position, length).Clear();
                    await extents.ZeroAsync(position, length, CancellationToken.None);
                    break;
                default:
                    byte[] read = new byte[length];
                    int count = await extents.ReadAtAsync(position, read, CancellationToken.None);
                    Assert.InRange(count, 1, length);
                    Assert.Equal(model.AsSpan(position, count), read.AsSpan(0, count));
                    length = count;
                    break;
            }

            position += length;
        }

        await extents.FlushAsync(CancellationToken.None);
        Assert.Equal(model, volume.Content);
        Assert.True(volume.IsFlushed);
    }

    [Fact]
    public async Task What_is_read_in_order_is_on_the_way_before_it_is_asked_for()
    {
        FakeVolume volume = new(new byte[16 * Piece]);
        await using ParallelExtents extents = new(new PoolThreads(), volume);
        byte[] buffer = new byte[Piece / 4];
        Assert.Equal(buffer.Length, await extents.ReadAtAsync(0, buffer, CancellationToken.None));
        Assert.Equal(buffer.Length, await extents.ReadAtAsync(buffer.Length, buffer, CancellationToken.None));
        SpinWait.SpinUntil(() => volume.ReadUpTo >= 4 * Piece, TimeSpan.FromSeconds(30));
        Assert.Equal(4 * Piece, volume.ReadUpTo);
    }

    [Fact]
    public async Task A_read_ends_at_the_end()
    {
        await using ParallelExtents extents = new(new PoolThreads(), new FakeVolume(new byte[(2 * Piece) + 5]));
        byte[] buffer = new byte[4 * Piece];
        Assert.Equal((2 * Piece) + 5, await extents.ReadAtAsync(0, buffer, CancellationToken.None));
        Assert.Equal(0, await extents.ReadAtAsync((2 * Piece) + 5, buffer, CancellationToken.None));
        Assert.Equal(3, await extents.ReadAtAsync((2 * Piece) + 2, buffer, CancellationToken.None));
    }

    [Fact]
    public async Task Small_writes_are_collected()
    {
        FakeVolume volume = new(new byte[4 * Piece]);
        await using ParallelExtents extents = new(new PoolThreads(), volume);
        for (int offset = 100; offset < 2 * Piece; offset += 1000)
        {
            await extents.WriteAtAsync(offset, new ReadOnlySequence<byte>(new byte[1000]), CancellationToken.None);
        }

        await extents.FlushAsync(CancellationToken.None);
        Assert.Equal(3, volume.Writes);
    }

    [Fact]
    public async Task A_failure_to_write_is_told_by_the_flush_and_by_all_that_follows()
    {
        FakeVolume volume = new(new byte[4 * Piece]) { FailsWrites = true };
        await using ParallelExtents extents = new(new PoolThreads(), volume);
        await extents.WriteAtAsync(0, new ReadOnlySequence<byte>(new byte[10]), CancellationToken.None);
        for (int i = 0; i < 2; i++)
        {
            StorageException error = await Assert.ThrowsAsync<StorageException>(() => extents.FlushAsync(CancellationToken.None).AsTask());
            Assert.Equal(Errno.InputOutput, error.Errno);
        }

        await Assert.ThrowsAsync<StorageException>(
            () => extents.WriteAtAsync(0, new ReadOnlySequence<byte>(new byte[10]), CancellationToken.None).AsTask());
        Assert.False(volume.IsFlushed);
    }

    [Fact]
    public async Task What_cannot_grow_is_not_written_beyond_its_end()
    {
        FakeVolume volume = new(new byte[Piece]);
        await using ParallelExtents extents = new(new PoolThreads(), volume);
        StorageException error = await Assert.ThrowsAsync<StorageException>(
            () => extents.WriteAtAsync(Piece - 5, new ReadOnlySequence<byte>(new byte[6]), CancellationToken.None).AsTask());
        Assert.Equal((StorageErrorDomain.Streams, Errno.NoSpace), (error.Domain, error.Errno));
    }

    [Fact]
    public async Task Without_a_flush_the_rest_is_not_written()
    {
        FakeVolume volume = new(new byte[Piece]);
        ParallelExtents extents = new(new PoolThreads(), volume);
        await extents.WriteAtAsync(0, new ReadOnlySequence<byte>("data"u8.ToArray()), CancellationToken.None);
        await extents.DisposeAsync();
        await extents.DisposeAsync();
        Assert.Equal((0, 1), (volume.Writes, volume.Disposals));
    }

    [Fact]
    public async Task A_wipe_writes_over_data_and_leaves_holes()
    {
        byte[] content = new byte[64];
        content.AsSpan(16, 16).Fill(1);
        MemoryExtents volume = new(content, 16);
        JobProgress progress = new();
        await ExtentWipe.WriteZerosAsync(volume, holesToo: false, progress, CancellationToken.None);
        Assert.Equal([(16L, 16L)], volume.Written);
        Assert.True(volume.Flushed);
        Assert.Equal(16ul, progress.Allocated);
        await ExtentWipe.WriteZerosAsync(volume, holesToo: true, progress, CancellationToken.None);
        Assert.Equal((0L, 64L), volume.Written[1]);
    }

    private sealed class FakeVolume(byte[] content) : IBlockingVolume
    {
        private readonly Lock _lock = new();
        private long _readUpTo;
        private int _writes;

        public byte[] Content => content;

        public bool FailsWrites { get; init; }

        public long ReadUpTo => Volatile.Read(ref _readUpTo);

        public int Writes => Volatile.Read(ref _writes);

        public int Disposals { get; private set; }

        public bool IsFlushed { get; private set; }

        public long Length => content.Length;

        public bool Grows => false;

        public int Read(long offset, Span<byte> buffer)
        {
            int length = (int)Math.Clamp(Length - offset, 0, buffer.Length);
            content.AsSpan((int)Math.Min(offset, Length), length).CopyTo(buffer);
            lock (_lock)
            {
                _readUpTo = Math.Max(_readUpTo, offset + length);
            }

            return length;
        }

        public void Write(long offset, ReadOnlySpan<byte> data)
        {
            if (FailsWrites)
            {
                throw StorageErrors.System(Errno.InputOutput, "cannot write");
            }

            data.CopyTo(content.AsSpan((int)offset));
            Interlocked.Increment(ref _writes);
        }

        public VolumeExtent NextExtent(long offset) => new(IsHole: false, Length - offset);

        public void Zero(long offset, long length) => content.AsSpan((int)offset, (int)length).Clear();

        public void Flush() => IsFlushed = true;

        public void Dispose() => Disposals++;
    }
}
