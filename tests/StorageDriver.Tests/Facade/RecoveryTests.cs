using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Cistern.Storage.Tests.Simulated;
using static Cistern.Storage.Tests.Simulated.SimulatedDriver;

namespace Cistern.Storage.Tests.Facade;

public sealed class RecoveryTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100);

    private readonly ManualClock _clock = new();

    [Fact]
    public async Task Storage_that_goes_and_comes_back_is_told_once_each_and_watched_again()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p", "a");
        var storage = driver.StorageOf("p");
        storage.Present = false;
        storage.Tell(changes => changes.Gone());
        Assert.True(SpinWait.SpinUntil(() => Refreshes(driver) == 1, TimeSpan.FromSeconds(30)));

        Assert.True(driver.Storage.IsPoolActive(pool));
        Assert.Equal(["a"], driver.Names(pool));
        _clock.AdvanceUntil(() => driver.Steps.Taken.Count(step => step == Step.Watch) > 6, Moment);
        Assert.Empty(storage.Watches);
        storage.Files["b"] = new SimulatedFile();
        storage.Present = true;
        _clock.AdvanceUntil(() => Refreshes(driver) == 2, Moment);

        Assert.Equal(["a", "b"], driver.Names(pool));
        Assert.True(SpinWait.SpinUntil(() => storage.Watches.Count == 1, TimeSpan.FromSeconds(30)));
        await driver.CreateAsync(pool, "c");
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(2, Refreshes(driver));
    }

    [Fact]
    public async Task A_pool_that_is_not_live_comes_back_by_itself_too()
    {
        await using var driver = await OpenAsync(clock: _clock, adjust: options => options with { LivePools = false });
        var pool = await driver.StartedAsync("p", "a");
        driver.StorageOf("p").Present = false;
        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.RefreshPoolAsync(pool, 0, default));
        driver.StorageOf("p").Files.Clear();
        driver.StorageOf("p").Present = true;

        _clock.AdvanceUntil(() => Refreshes(driver) == 2, Moment);

        Assert.Empty(driver.Names(pool));
    }

    [Fact]
    public async Task A_refresh_that_finds_the_storage_back_has_it_watched_again()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p");
        var storage = driver.StorageOf("p");
        storage.Present = false;
        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.RefreshPoolAsync(pool, 0, default));
        Assert.True(SpinWait.SpinUntil(() => storage.Watches.IsEmpty, TimeSpan.FromSeconds(30)));

        storage.Present = true;
        await driver.Storage.RefreshPoolAsync(pool, 0, default);

        Assert.True(SpinWait.SpinUntil(() => storage.Watches.Count == 1, TimeSpan.FromSeconds(30)));
        Assert.Equal(2, Refreshes(driver));
    }

    [Fact]
    public async Task Storage_that_hangs_comes_back_when_it_answers_and_costs_two_threads_until_then()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p", "a");
        using var watching = driver.Steps.Hang(Step.Watch);
        using var describing = driver.Steps.Hang(Step.Describe);
        var info = driver.Storage.GetVolumeInfoAsync(Volume("p", "a"), 0, default).AsTask();
        _clock.AdvanceUntil(() => Refreshes(driver) == 1, TimeSpan.FromSeconds(10));
        await info;
        _clock.AdvanceUntil(() => driver.Steps.Taken.Count(step => step == Step.Watch) > 1, TimeSpan.FromSeconds(10));
        for (int minute = 0; minute < 10; minute++)
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            Thread.Sleep(5);
        }

        Assert.Equal(2, driver.Steps.Taken.Count(step => step == Step.Watch));
        describing.Set();
        watching.Set();
        _clock.AdvanceUntil(() => Refreshes(driver) == 2, TimeSpan.FromSeconds(10));
        await driver.CreateAsync(pool, "b");
    }

    [Fact]
    public async Task A_pool_that_is_inaccessible_stops_and_is_not_probed_any_more()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p");
        driver.StorageOf("p").Present = false;
        driver.StorageOf("p").Tell(changes => changes.Gone());
        Assert.True(SpinWait.SpinUntil(() => Refreshes(driver) == 1, TimeSpan.FromSeconds(30)));

        await driver.Storage.DestroyPoolAsync(pool, default);
        driver.StorageOf("p").Present = true;
        _clock.Advance(TimeSpan.FromMinutes(1));

        Assert.False(driver.Storage.IsPoolActive(pool));
        Assert.Empty(driver.StorageOf("p").Watches);
        Assert.Equal(1, Refreshes(driver));
    }

    private static int Refreshes(SimulatedDriver driver) => driver.EventKinds.Count(kind => kind == PoolEventKind.Refreshed);
}
