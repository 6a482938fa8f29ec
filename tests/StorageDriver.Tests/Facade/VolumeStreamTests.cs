using System.Buffers;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Cistern.Storage.Tests.Simulated;
using static Cistern.Storage.Tests.Simulated.SimulatedDriver;

namespace Cistern.Storage.Tests.Facade;

public sealed class VolumeStreamTests
{
    [Fact]
    public async Task An_upload_writes_at_its_offset_and_describes_the_volume_anew()
    {
        await using var driver = await OpenAsync();
        await driver.StartedAsync("p", "a");
        driver.StorageOf("p").Files["a"].Capacity = 0;
        await using (var upload = await driver.Storage.OpenUploadAsync(Volume("p", "a"), 4000, 0, 0, default))
        {
            await upload.WriteAsync(Bytes(1, 100), default);
            await upload.WriteAsync(Bytes(2, 100), default);
            Assert.DoesNotContain(PoolEventKind.Refreshed, driver.EventKinds);
            await upload.FinishAsync(default);
        }

        var data = driver.StorageOf("p").Files["a"].Data;
        Assert.Equal(4200, data.Length);
        Assert.Equal((0, 1, 1, 2, 2), (data[3999], data[4000], data[4099], data[4100], data[4199]));
        Assert.Equal(4200UL, driver.Storage.GetPoolInfo(new PoolReference("p", Uuid("p"))).Numbers.Allocation);
        Assert.Single(driver.EventKinds, PoolEventKind.Refreshed);
        driver.Steps.Fail(Step.Describe, StorageErrors.System(5, "unreadable"));
        Assert.Equal(4200UL, (await driver.Storage.GetVolumeInfoAsync(Volume("p", "a"), 0, default)).Capacity);
    }

    [Fact]
    public async Task An_upload_that_is_not_finished_is_described_too()
    {
        await using var driver = await OpenAsync();
        await driver.StartedAsync("p", "a");
        var upload = await driver.Storage.OpenUploadAsync(Volume("p", "a"), 0, 0, 0, default);
        await upload.WriteAsync(Bytes(1, 5000), default);
        await upload.DisposeAsync();
        await upload.DisposeAsync();

        Assert.Single(driver.EventKinds, PoolEventKind.Refreshed);
        Assert.Equal(5000UL, (await driver.Storage.GetVolumeInfoAsync(Volume("p", "a"), 1, default)).Allocation);
    }

    [Fact]
    public async Task An_upload_writes_what_fits_its_length_and_refuses_the_rest()
    {
        await using var driver = await OpenAsync();
        await driver.StartedAsync("p", "a");
        await using var upload = await driver.Storage.OpenUploadAsync(Volume("p", "a"), 10, 100, 0, default);
        await upload.WriteAsync(Bytes(1, 60), default);

        var error = await Expect.FailsAsync(StorageErrorCode.SystemError, () => upload.WriteAsync(Bytes(1, 60), default), StorageErrorDomain.Streams);

        Assert.Equal(28, error.Errno);
        var data = driver.StorageOf("p").Files["a"].Data;
        Assert.Equal((1, 0), (data[109], data[110]));
    }

    [Fact]
    public async Task A_sparse_upload_makes_holes_and_a_trailing_one_extends_the_volume()
    {
        await using var driver = await OpenAsync();
        await driver.StartedAsync("p", "a");
        driver.StorageOf("p").Files["a"].Data = [];
        await using var upload = await driver.Storage.OpenUploadAsync(Volume("p", "a"), 0, 0, 1, default);
        await upload.SkipAsync(1000, default);
        await upload.WriteAsync(Bytes(1, 10), default);
        await upload.SkipAsync(500, default);
        await upload.FinishAsync(default);

        var file = driver.StorageOf("p").Files["a"];
        Assert.Equal(1510, file.Data.Length);
        Assert.Equal([(0L, 1000L), (1010L, 1510L)], file.Holes);
    }

    [Fact]
    public async Task A_download_ends_at_its_length_or_the_end_of_the_volume()
    {
        await using var driver = await OpenAsync();
        await driver.StartedAsync("p", "a");
        driver.StorageOf("p").Files["a"].Data = [.. Enumerable.Range(0, 100).Select(number => (byte)number)];

        Assert.Equal([10, 11, 12, 13, 14], await ReadAllAsync(driver, offset: 10, length: 5, flags: 0));
        Assert.Equal(90, (await ReadAllAsync(driver, offset: 10, length: 0, flags: 0)).Count);
        Assert.Equal(90, (await ReadAllAsync(driver, offset: 10, length: 1000, flags: 0)).Count);
        Assert.Empty(await ReadAllAsync(driver, offset: 1000, length: 0, flags: 0));
        Assert.Empty(await ReadAllAsync(driver, offset: 1000, length: 0, flags: 1));
    }

    [Fact]
    public async Task A_sparse_download_gives_holes_within_its_length()
    {
        await using var driver = await OpenAsync();
        await driver.StartedAsync("p", "a");
        var file = driver.StorageOf("p").Files["a"];
        file.Data = new byte[1000];
        file.Holes.AddRange([(0, 300), (400, 1000)]);
        var buffer = new byte[64];
        List<DownloadChunk> chunks = [];
        await using var download = await driver.Storage.OpenDownloadAsync(Volume("p", "a"), 100, 800, 1, default);
        while (await download.ReadAsync(buffer, default) is { Kind: not DownloadChunkKind.End } chunk)
        {
            chunks.Add(chunk);
        }

        Assert.Equal(
            [
                new DownloadChunk(DownloadChunkKind.Hole, 200), new DownloadChunk(DownloadChunkKind.Data, 64),
                new DownloadChunk(DownloadChunkKind.Data, 36), new DownloadChunk(DownloadChunkKind.Hole, 500),
            ],
            chunks);
    }

    [Fact]
    public async Task A_volume_that_cannot_be_opened_fails_the_call_and_is_free_again()
    {
        await using var driver = await OpenAsync();
        await driver.StartedAsync("p", "a");
        driver.StorageOf("p").Files.Clear();

        await Expect.FailsAsync(
            StorageErrorCode.SystemError, () => driver.Storage.OpenDownloadAsync(Volume("p", "a"), 0, 0, 0, default), StorageErrorDomain.Streams);
        await Expect.FailsAsync(StorageErrorCode.Overflow, () => driver.Storage.OpenUploadAsync(Volume("p", "a"), ulong.MaxValue, 0, 0, default));
        await driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Deleting_the_volume_or_stopping_the_pool_aborts_streams_with_78(bool stop)
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a");
        var upload = await driver.Storage.OpenUploadAsync(Volume("p", "a"), 0, 0, 0, default);
        var download = await driver.Storage.OpenDownloadAsync(Volume("p", "a"), 0, 0, 0, default);

        await (stop ? driver.Storage.DestroyPoolAsync(pool, default) : driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default));

        Assert.True(upload.Aborted.IsCancellationRequested);
        Assert.True(download.Aborted.IsCancellationRequested);
        await Expect.FailsAsync(StorageErrorCode.OperationAborted, () => upload.WriteAsync(Bytes(1, 1), default));
        await Expect.FailsAsync(StorageErrorCode.OperationAborted, () => upload.FinishAsync(default));
        await Expect.FailsAsync(StorageErrorCode.OperationAborted, () => download.ReadAsync(new byte[10], default));
        await upload.DisposeAsync();
        await download.DisposeAsync();
        Assert.Equal(stop ? 0 : 1, driver.EventKinds.Count(kind => kind == PoolEventKind.Refreshed));
    }

    [Fact]
    public async Task A_write_under_way_when_the_stream_is_aborted_fails_with_78()
    {
        await using var driver = await OpenAsync();
        await driver.StartedAsync("p", "a");
        await using var upload = await driver.Storage.OpenUploadAsync(Volume("p", "a"), 0, 0, 0, default);
        var parked = driver.Steps.Park(Step.Write);
        var write = upload.WriteAsync(Bytes(1, 1), default).AsTask();
        await parked.Reached;
        await driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default);
        parked.Release();

        await Expect.FailsAsync(StorageErrorCode.OperationAborted, async () => await write);
    }

    [Fact]
    public async Task An_open_that_a_deletion_overtakes_fails_with_78()
    {
        await using var driver = await OpenAsync();
        await driver.StartedAsync("p", "a");
        var parked = driver.Steps.Park(Step.Open);
        var open = driver.Storage.OpenDownloadAsync(Volume("p", "a"), 0, 0, 0, default).AsTask();
        await parked.Reached;
        await driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default);

        await Expect.FailsAsync(StorageErrorCode.OperationAborted, async () => _ = await open);
    }

    private static ReadOnlySequence<byte> Bytes(byte value, int count) => new([.. Enumerable.Repeat(value, count)]);

    private static async Task<List<byte>> ReadAllAsync(SimulatedDriver driver, ulong offset, ulong length, uint flags)
    {
        List<byte> read = [];
        var buffer = new byte[7];
        await using var download = await driver.Storage.OpenDownloadAsync(Volume("p", "a"), offset, length, flags, default);
        while (await download.ReadAsync(buffer, default) is { Kind: DownloadChunkKind.Data } chunk)
        {
            read.AddRange(buffer.AsSpan(0, (int)chunk.Length));
        }

        return read;
    }
}
