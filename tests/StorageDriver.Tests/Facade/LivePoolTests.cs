using Cistern.Storage.Pools;
using Cistern.Storage.Tests.Simulated;
using static Cistern.Storage.Tests.Simulated.SimulatedDriver;

namespace Cistern.Storage.Tests.Facade;

public sealed class LivePoolTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(10);

    private readonly ManualClock _clock = new();

    [Fact]
    public async Task What_appears_changes_and_vanishes_is_taken_in_and_told_once()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p", "stays", "changes", "vanishes");
        var storage = driver.StorageOf("p");
        storage.Files.TryRemove("vanishes", out _);
        storage.Files["appears"] = new SimulatedFile { Data = new byte[8192] };
        storage.Files["changes"] = new SimulatedFile { Capacity = 3 << 20 };

        Tell(storage, "vanishes", "appears", "changes");
        _clock.AdvanceUntil(() => driver.EventKinds.Contains(PoolEventKind.Refreshed), Moment);

        Assert.Equal(["appears", "changes", "stays"], driver.Names(pool));
        Assert.Equal("appears", (await driver.Storage.LookupVolumeByKeyAsync("/pools/p/appears", default)).Name);
        Assert.Equal(3UL << 20, (await driver.Storage.GetVolumeInfoAsync(Volume("p", "changes"), 0, default)).Capacity);
        Assert.Equal(4096UL + 8192, driver.Storage.GetPoolInfo(pool).Numbers.Allocation);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Single(driver.EventKinds, PoolEventKind.Refreshed);
        Assert.Single(driver.Steps.Taken, Step.ScanBegins);
    }

    [Fact]
    public async Task The_servers_own_work_is_not_told_as_that_of_others()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p", "deleted", "resized");
        var storage = driver.StorageOf("p");

        await driver.Storage.ResizeVolumeAsync(Volume("p", "resized"), 4 << 20, 0, default);
        var building = driver.Steps.Park(Step.BuildEnds);
        var creation = driver.CreateAsync(pool, "building");
        await building.Reached;
        var deleting = driver.Steps.Park(Step.Delete);
        var deletion = driver.Storage.DeleteVolumeAsync(Volume("p", "deleted"), 0, default).AsTask();
        await deleting.Reached;
        storage.Files.TryRemove("deleted", out _);
        Tell(storage, "deleted", "resized", "building");
        _clock.AdvanceUntil(() => driver.Steps.Taken.Count(step => step == Step.Find) == 3, Moment);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.DoesNotContain(PoolEventKind.Refreshed, driver.EventKinds);

        building.Release();
        deleting.Release();
        await creation;
        await deletion;
        Assert.Equal(["building", "resized"], driver.Names(pool));
        Assert.Contains(PoolEventKind.Refreshed, driver.EventKinds);
    }

    [Fact]
    public async Task Changes_of_others_are_told_at_most_once_in_two_seconds_and_the_last_is_not_lost()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p");
        foreach (var name in (string[])["a", "b", "c"])
        {
            driver.StorageOf("p").Files[name] = new SimulatedFile();
            await driver.Storage.LookupVolumeByNameAsync(pool, name, default);
        }

        Assert.Single(driver.EventKinds, PoolEventKind.Refreshed);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(SpinWait.SpinUntil(() => Refreshes(driver) == 2, TimeSpan.FromSeconds(30)));
        _clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(2, Refreshes(driver));
    }

    [Fact]
    public async Task A_refresh_that_was_asked_for_is_told_at_once_and_stands_for_what_was_put_off()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p");
        foreach (var name in (string[])["a", "b"])
        {
            driver.StorageOf("p").Files[name] = new SimulatedFile();
            await driver.Storage.LookupVolumeByNameAsync(pool, name, default);
        }

        await driver.Storage.RefreshPoolAsync(pool, 0, default);
        Assert.Equal(2, Refreshes(driver));
        await driver.Storage.RefreshPoolAsync(pool, 0, default);
        Assert.Equal(3, Refreshes(driver));
        _clock.Advance(TimeSpan.FromSeconds(20));
        _clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(3, Refreshes(driver));
    }

    [Fact]
    public async Task A_change_without_news_is_taken_in_and_not_told()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p", "a");
        driver.StorageOf("p").Files["a"].Data = new byte[100];
        driver.StorageOf("p").Files["a"].Touch();

        Tell(driver.StorageOf("p"), "a");
        _clock.AdvanceUntil(() => driver.Storage.GetPoolInfo(pool).Numbers.Allocation == 100, Moment);

        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.DoesNotContain(PoolEventKind.Refreshed, driver.EventKinds);
    }

    [Fact]
    public async Task What_was_missed_is_found_by_one_scan()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p");
        driver.StorageOf("p").Files["a"] = new SimulatedFile();

        driver.StorageOf("p").Tell(changes => changes.Missed());
        Tell(driver.StorageOf("p"), "b", "c");
        _clock.AdvanceUntil(() => driver.Names(pool) is ["a"], Moment);

        Assert.Equal(2, driver.Steps.Taken.Count(step => step == Step.ScanBegins));
        Assert.DoesNotContain(Step.Find, driver.Steps.Taken);
    }

    [Fact]
    public async Task A_flood_of_names_is_one_scan()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p");
        driver.StorageOf("p").Files["a"] = new SimulatedFile();

        Tell(driver.StorageOf("p"), [.. Enumerable.Range(0, 2000).Select(number => $"n{number}")]);
        _clock.AdvanceUntil(() => driver.Names(pool) is ["a"], Moment);

        Assert.Equal(2, driver.Steps.Taken.Count(step => step == Step.ScanBegins));
        Assert.DoesNotContain(Step.Find, driver.Steps.Taken);
    }

    [Fact]
    public async Task A_look_beside_a_deletion_does_not_bring_the_volume_back()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p", "a");
        var parked = driver.Steps.Park(Step.Find);
        Tell(driver.StorageOf("p"), "a");
        _clock.AdvanceUntil(() => driver.Steps.Taken.Contains(Step.Find), Moment);
        await parked.Reached;

        await driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default);
        driver.StorageOf("p").Files["a"] = new SimulatedFile();
        parked.Release();

        Tell(driver.StorageOf("p"), "none");
        _clock.AdvanceUntil(() => driver.Steps.Taken.Count(step => step == Step.Find) == 2, Moment);
        Assert.Empty(driver.Names(pool));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_refresh_that_began_after_a_look_has_the_last_word(bool lookEndsFirst, bool vanishes)
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p", "a");
        var files = driver.StorageOf("p").Files;
        files["a"] = new SimulatedFile { Capacity = 3 };
        var look = await LookAsync(driver, "a");
        files.TryRemove("a", out _);
        if (!vanishes)
        {
            files["a"] = new SimulatedFile { Capacity = 5 };
        }

        await EndAsync(driver, pool, look, await ScanAsync(driver, pool), lookEndsFirst);

        Assert.Equal(vanishes ? ["fence"] : ["a", "fence"], driver.Names(pool));
        Assert.True(vanishes || await KnownCapacityAsync(driver, "a") == 5);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_look_that_began_after_a_refresh_has_the_last_word(bool lookEndsFirst, bool vanished)
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p", "a");
        var files = driver.StorageOf("p").Files;
        files.TryRemove("a", out _);
        if (!vanished)
        {
            files["a"] = new SimulatedFile { Capacity = 3 };
        }

        var scan = await ScanAsync(driver, pool);
        files["a"] = new SimulatedFile { Capacity = 5 };
        await EndAsync(driver, pool, await LookAsync(driver, "a"), scan, lookEndsFirst);

        Assert.Equal(["a", "fence"], driver.Names(pool));
        Assert.Equal(5UL, await KnownCapacityAsync(driver, "a"));
    }

    [Fact]
    public async Task Another_storage_in_place_of_the_watched_one_is_found_by_a_check()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p", "a");
        var storage = driver.StorageOf("p");
        var before = Assert.Single(storage.Watches).Key;
        storage.Files["b"] = new SimulatedFile();
        storage.Mark++;

        _clock.AdvanceUntil(() => driver.Names(pool) is ["a", "b"], TimeSpan.FromSeconds(1));

        Assert.NotSame(before, Assert.Single(storage.Watches).Key);
        Assert.Equal(1, Refreshes(driver));
    }

    [Fact]
    public async Task Storage_that_tells_nothing_is_looked_at()
    {
        await using var driver = await OpenAsync(clock: _clock);
        driver.StorageOf("p").IsTold = false;
        var pool = await driver.StartedAsync("p");
        int scans = driver.Steps.Taken.Count(step => step == Step.ScanBegins);
        driver.StorageOf("p").Available = 5;
        _clock.AdvanceUntil(() => driver.Storage.GetPoolInfo(pool).Numbers.Available == 5, TimeSpan.FromSeconds(1));
        Assert.Equal(scans, driver.Steps.Taken.Count(step => step == Step.ScanBegins));

        driver.StorageOf("p").Files["a"] = new SimulatedFile();
        driver.StorageOf("p").Mark++;
        _clock.AdvanceUntil(() => driver.Names(pool) is ["a"], TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_is_watched_where_that_is_switched_off(bool everywhere)
    {
        await using var driver = await OpenAsync(
            clock: _clock, adjust: options => everywhere ? options with { LivePools = false } : options with { NotLivePools = ["p"] });
        var pool = await driver.StartedAsync("p");
        await driver.StartedAsync("q");

        Assert.Empty(driver.StorageOf("p").Watches);
        Assert.Equal(everywhere ? 0 : 1, driver.StorageOf("q").Watches.Count);
        driver.StorageOf("p").Files["a"] = new SimulatedFile();
        driver.StorageOf("p").Mark++;
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Empty(driver.Names(pool));
        Assert.Equal("a", (await driver.Storage.LookupVolumeByNameAsync(pool, "a", default)).Name);
    }

    [Fact]
    public async Task The_watch_lasts_from_the_start_to_the_stop_and_begins_again_with_the_server()
    {
        await using var driver = await OpenAsync(clock: _clock);
        var pool = await driver.StartedAsync("p");
        var storage = driver.StorageOf("p");
        Assert.Single(storage.Watches);

        await driver.RestartAsync();
        Assert.Single(storage.Watches);
        storage.Files["a"] = new SimulatedFile();
        Tell(storage, "a");
        _clock.AdvanceUntil(() => driver.Names(pool) is ["a"], Moment);

        await driver.Storage.DestroyPoolAsync(pool, default);
        Assert.Empty(storage.Watches);
        driver.Steps.Fail(Step.ScanBegins, Errors.StorageErrors.System(5, "broken"));
        await Expect.FailsAsync(Errors.StorageErrorCode.SystemError, () => driver.Storage.StartPoolAsync(pool, 0, default));
        Assert.Empty(storage.Watches);
    }

    /// <summary>A look at a name, parked after it saw what there is.</summary>
    private async Task<Parked> LookAsync(SimulatedDriver driver, string name)
    {
        var look = driver.Steps.Park(Step.FindEnds);
        Tell(driver.StorageOf("p"), name);
        _clock.AdvanceUntil(() => driver.Steps.Taken.Contains(Step.FindEnds), Moment);
        await look.Reached;
        return look;
    }

    /// <summary>A refresh, parked after it saw everything.</summary>
    private static async Task<(Parked Parked, Task Refresh)> ScanAsync(SimulatedDriver driver, PoolReference pool)
    {
        var scan = driver.Steps.Park(Step.ScanEnds);
        var refresh = driver.Storage.RefreshPoolAsync(pool, 0, default).AsTask();
        await scan.Reached;
        return (scan, refresh);
    }

    /// <summary>Ends a look and a refresh, the one after the other; a look at a file named fence tells that the first look has ended.</summary>
    private async Task EndAsync(SimulatedDriver driver, PoolReference pool, Parked look, (Parked Parked, Task Refresh) scan, bool lookEndsFirst)
    {
        if (!lookEndsFirst)
        {
            scan.Parked.Release();
            await scan.Refresh;
        }

        look.Release();
        driver.StorageOf("p").Files["fence"] = new SimulatedFile();
        Tell(driver.StorageOf("p"), "fence");
        _clock.AdvanceUntil(() => driver.Names(pool).Contains("fence"), Moment);
        scan.Parked.Release();
        await scan.Refresh;
    }

    /// <summary>What the table says, without a look at the file.</summary>
    private static async Task<ulong> KnownCapacityAsync(SimulatedDriver driver, string name)
    {
        driver.Steps.Fail(Step.Describe, Errors.StorageErrors.System(5, "unreadable"));
        return (await driver.Storage.GetVolumeInfoAsync(Volume("p", name), 0, default)).Capacity;
    }

    private static int Refreshes(SimulatedDriver driver) => driver.EventKinds.Count(kind => kind == PoolEventKind.Refreshed);

    private static void Tell(SimulatedStorage storage, params string[] names)
    {
        foreach (var name in names)
        {
            storage.Tell(changes => changes.Changed(name));
        }
    }
}
