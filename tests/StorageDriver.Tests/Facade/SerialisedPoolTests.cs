using Cistern.Storage.Backends.Dir;
using Cistern.Storage.Errors;
using Cistern.Storage.Tests.Simulated;
using static Cistern.Storage.Tests.Simulated.SimulatedDriver;

namespace Cistern.Storage.Tests.Facade;

/// <summary>Types of which a change of one volume alters others: changes come one after the other; data are moved beside them, and reads do not wait.</summary>
public sealed class SerialisedPoolTests
{
    private static SimulatedBackend Backend => new() { Info = DirPoolType.Info with { SerialisesChanges = true } };

    [Fact]
    public async Task Changes_wait_for_one_another_and_reads_do_not()
    {
        await using var driver = await OpenAsync(Backend);
        var pool = await driver.StartedAsync("p", "a", "b");
        var parked = driver.Steps.Park(Step.Delete);
        var first = driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default).AsTask();
        await parked.Reached;
        var second = driver.CreateAsync(pool, "second");
        var resize = driver.Storage.ResizeVolumeAsync(Volume("p", "b"), 1 << 20, 0, default).AsTask();

        Assert.False(second.IsCompleted);
        Assert.False(resize.IsCompleted);
        Assert.Equal(["a", "b"], driver.Names(pool));

        parked.Release();
        await Task.WhenAll(first, second, resize);
        Assert.Equal(["b", "second"], driver.Names(pool));
    }

    [Theory]
    [InlineData(Step.Build)]
    [InlineData(Step.Wipe)]
    internal async Task Data_are_moved_beside_changes(Step step)
    {
        await using var driver = await OpenAsync(Backend);
        var pool = await driver.StartedAsync("p", "a", "b");
        var parked = driver.Steps.Park(step);
        var work = step == Step.Wipe ? driver.Storage.WipeVolumeAsync(Volume("p", "b"), 0, 0, default).AsTask() : driver.CreateAsync(pool, "first");
        await parked.Reached;
        await driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default);
        Assert.False(work.IsCompleted);
        parked.Release();
        await work;
    }

    [Fact]
    public async Task The_pool_is_scanned_after_a_change_of_a_volume()
    {
        await using var driver = await OpenAsync(Backend);
        var pool = await driver.StartedAsync("p", "a", "b");
        driver.StorageOf("p").Files["c"] = new SimulatedFile();

        await driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default);

        Assert.Equal(["b", "c"], driver.Names(pool));
    }

    [Fact]
    public async Task A_scan_that_fails_after_a_change_is_no_failure_of_the_change()
    {
        await using var driver = await OpenAsync(Backend);
        var pool = await driver.StartedAsync("p", "a", "b");
        driver.Steps.Fail(Step.ScanBegins, StorageErrors.System(5, "lost"));

        await driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default);

        Assert.Equal(["b"], driver.Names(pool));
        Assert.Equal(PoolRunState.Inaccessible, driver.Storage.GetPoolInfo(pool).State);
    }

    [Fact]
    public async Task What_a_failed_build_left_is_deleted()
    {
        await using var driver = await OpenAsync(Backend);
        var pool = await driver.StartedAsync("p");
        driver.Steps.Fail(Step.Build, StorageErrors.System(28, "full"));

        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.CreateVolumeAsync(pool, VolumeXml("new"), 0, default));

        Assert.Contains(Step.Delete, driver.Steps.Taken);
        Assert.Empty(driver.Names(pool));
    }

    [Fact]
    public async Task Copies_across_pools_end()
    {
        await using var driver = await OpenAsync(Backend);
        var one = await driver.StartedAsync("one", "a");
        var two = await driver.StartedAsync("two", "b");
        var copies = Enumerable.Range(0, 20).SelectMany(number => new[]
        {
            Task.Run(() => driver.Storage.CreateVolumeFromAsync(two, VolumeXml($"a{number}"), Volume("one", "a"), 0, default).AsTask()),
            Task.Run(() => driver.Storage.CreateVolumeFromAsync(one, VolumeXml($"b{number}"), Volume("two", "b"), 0, default).AsTask()),
        });

        await Task.WhenAll(copies).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(21, driver.Storage.CountVolumes(one));
        await driver.Storage.DestroyPoolAsync(one, default);
    }
}
