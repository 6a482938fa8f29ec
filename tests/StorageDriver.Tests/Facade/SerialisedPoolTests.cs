using Cistern.Storage.Backends.Dir;
using Cistern.Storage.Errors;
using Cistern.Storage.Tests.Simulated;
using static Cistern.Storage.Tests.Simulated.SimulatedDriver;

namespace Cistern.Storage.Tests.Facade;

/// <summary>Types of which a change of one volume alters others: changes come one after the other, reads do not wait.</summary>
public sealed class SerialisedPoolTests
{
    private static SimulatedBackend Backend => new() { Info = DirPoolType.Info with { SerialisesChanges = true } };

    [Fact]
    public async Task Changes_wait_for_one_another_and_reads_do_not()
    {
        await using var driver = await OpenAsync(Backend);
        var pool = await driver.StartedAsync("p", "a");
        var parked = driver.Steps.Park(Step.Build);
        var first = driver.CreateAsync(pool, "first");
        await parked.Reached;
        var second = driver.CreateAsync(pool, "second");
        var deletion = driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default).AsTask();

        Assert.False(second.IsCompleted);
        Assert.False(deletion.IsCompleted);
        Assert.Equal(["a", "first"], driver.Names(pool));

        parked.Release();
        await Task.WhenAll(first, second, deletion);
        Assert.Equal(["first", "second"], driver.Names(pool));
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
