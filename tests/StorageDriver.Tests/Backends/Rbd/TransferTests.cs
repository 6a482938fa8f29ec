using System.Buffers;
using Cistern.Storage.Backends.Rbd;
using Cistern.Storage.Backends.Rbd.Native;

namespace Cistern.Storage.Tests.Backends.Rbd;

/// <summary>What is read ahead and written behind, on an image that ends its calls when it is told to.</summary>
public sealed class TransferTests
{
    private const int MiB = 1024 * 1024;

    private readonly byte[] _image = [.. Enumerable.Range(0, (40 * MiB) + 5).Select(value => (byte)(value % 251))];
    private readonly List<(long Offset, int Count, TaskCompletionSource<long> Ended)> _calls = [];

    [Fact]
    public async Task Who_reads_on_finds_the_next_pieces_on_their_way()
    {
        ReadAhead reads = new(_image.Length, Read);
        byte[] buffer = new byte[100];

        Assert.Equal(100, await ReadAsync(reads, 10, buffer));
        Assert.Equal([(10L, 100)], Calls);
        Assert.Equal(100, await ReadAsync(reads, 110, buffer));

        Assert.Equal(_image[110..210], buffer);
        Assert.Equal(17, _calls.Count);
        Assert.Equal((110L + (15L * MiB), MiB), Calls.Last());
    }

    [Fact]
    public async Task Who_reads_here_and_there_gets_no_more_than_is_asked_for()
    {
        ReadAhead reads = new(_image.Length, Read);

        await ReadAsync(reads, 30 * MiB, new byte[512]);
        await ReadAsync(reads, 20 * MiB, new byte[512]);
        await ReadAsync(reads, 10 * MiB, new byte[512]);

        Assert.Equal([(30L * MiB, 512), (20L * MiB, 512), (10L * MiB, 512)], Calls);
    }

    [Fact]
    public async Task Everything_is_read_to_the_end_whatever_is_asked_for_at_once()
    {
        ReadAhead reads = new(_image.Length, Read);
        MemoryStream all = new();
        byte[] buffer = new byte[700_001];
        while (await ReadAsync(reads, all.Length, buffer) is var read and > 0)
        {
            all.Write(buffer, 0, read);
        }

        Assert.Equal(_image, all.ToArray());
        reads.Forget();
    }

    [Fact]
    public async Task A_read_that_fails_is_a_number_and_the_next_one_is_tried()
    {
        ReadAhead reads = new(_image.Length, Read);
        Task<int> failing = reads.ReadAsync(0, new byte[10]);
        _calls[0].Ended.SetResult(-5);

        Assert.Equal(-5, await failing);
        Assert.Equal(10, await ReadAsync(reads, 0, new byte[10]));
    }

    [Fact]
    public async Task What_comes_in_a_row_is_written_in_pieces_that_end_where_objects_do()
    {
        WriteBehind writes = new(Write);
        for (int offset = MiB / 2; offset < 3 * MiB; offset += MiB / 4)
        {
            Assert.Equal(0, await writes.WriteAsync(offset, new ReadOnlySequence<byte>(_image, offset, MiB / 4)));
        }

        Assert.Equal([(MiB / 2, MiB / 2), (MiB, MiB), (2L * MiB, MiB)], Calls);
        Assert.False(writes.IsEmpty);
        End();
        Assert.Equal(0, await writes.DrainAsync());
        Assert.True(writes.IsEmpty);
    }

    [Fact]
    public async Task No_more_than_a_window_is_on_its_way()
    {
        WriteBehind writes = new(Write);
        Task<int> all = writes.WriteAsync(0, new ReadOnlySequence<byte>(_image, 0, 20 * MiB));

        Assert.False(all.IsCompleted);
        Assert.Equal(16, _calls.Count);
        await EndUntilAsync(all);
        await EndUntilAsync(writes.DrainAsync());
        Assert.Equal(20, _calls.Count);
    }

    [Fact]
    public async Task What_is_written_again_waits_for_what_was_written_before()
    {
        WriteBehind writes = new(Write);
        await writes.WriteAsync(0, new ReadOnlySequence<byte>(_image, 0, MiB));
        Task<int> again = writes.WriteAsync(100, new ReadOnlySequence<byte>(_image, 0, MiB));

        Assert.False(again.IsCompleted);
        Assert.Equal([(0L, MiB)], Calls);
        await EndUntilAsync(again);
        await EndUntilAsync(writes.DrainAsync());
        Assert.Equal([(0L, MiB), (100L, MiB - 100), (MiB, 100)], Calls);
    }

    [Fact]
    public async Task A_write_that_failed_is_met_by_the_drain()
    {
        WriteBehind writes = new(Write);
        await writes.WriteAsync(5, new ReadOnlySequence<byte>(_image, 0, 10));
        Task<int> drained = writes.DrainAsync();
        _calls[0].Ended.SetResult(-28);

        Assert.Equal(-28, await drained);
    }

    [Fact]
    public async Task What_has_not_been_sent_is_dropped_when_it_is_abandoned()
    {
        WriteBehind writes = new(Write);
        await writes.WriteAsync(5, new ReadOnlySequence<byte>(_image, 0, 10));

        await writes.AbandonAsync();

        Assert.Empty(_calls);
    }

    private IEnumerable<(long, int)> Calls => _calls.Select(call => (call.Offset, call.Count));

    private async Task<int> ReadAsync(ReadAhead reads, long offset, byte[] buffer)
    {
        Task<int> reading = reads.ReadAsync(offset, buffer);
        End();
        return await reading;
    }

    private void End()
    {
        // What goes on after one has ended may begin another.
        lock (_calls)
        {
            _calls.ForEach(call => call.Ended.TrySetResult(0));
        }
    }

    private async Task EndUntilAsync(Task done)
    {
        while (!done.IsCompleted)
        {
            End();
            await Task.Yield();
        }

        await done;
    }

    private Task<long> Read(long offset, NativeBuffer buffer, int count)
    {
        _image.AsSpan((int)offset, count).CopyTo(buffer.Span);
        return Begin(offset, count);
    }

    private Task<long> Write(long offset, NativeBuffer buffer, int count) => Begin(offset, count);

    private Task<long> Begin(long offset, int count)
    {
        TaskCompletionSource<long> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_calls)
        {
            _calls.Add((offset, count, ended));
        }

        return ended.Task;
    }
}
