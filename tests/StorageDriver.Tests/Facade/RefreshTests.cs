using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Cistern.Storage.Tests.Simulated;
using static Cistern.Storage.Tests.Simulated.SimulatedDriver;

namespace Cistern.Storage.Tests.Facade;

public sealed class RefreshTests
{
    [Fact]
    public async Task A_refresh_takes_in_what_appeared_changed_and_vanished()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "stays", "changes", "vanishes");
        var files = driver.StorageOf("p").Files;
        files.TryRemove("vanishes", out _);
        files["appears"] = new SimulatedFile { Capacity = 7 };
        files["changes"] = new SimulatedFile { Capacity = 3 << 20 };

        await driver.Storage.RefreshPoolAsync(pool, 0, default);

        Assert.Equal(["appears", "changes", "stays"], driver.Names(pool));
        Assert.Equal("changes", (await driver.Storage.LookupVolumeByKeyAsync("/pools/p/changes", default)).Name);
        await Expect.FailsAsync(StorageErrorCode.NoStorageVolume, () => driver.Storage.LookupVolumeByKeyAsync("/pools/p/vanishes", default));
        Assert.Equal(PoolEventKind.Refreshed, driver.EventKinds.Last());
    }

    [Fact]
    public async Task A_pool_without_part_of_its_storage_is_degraded_until_it_is_whole()
    {
        await using var driver = await OpenAsync();
        driver.StorageOf("p").Degraded = "a disk is lost";
        var pool = await driver.StartedAsync("p", "a");
        Assert.Equal(PoolRunState.Degraded, driver.Storage.GetPoolInfo(pool).State);
        Assert.True(driver.Storage.IsPoolActive(pool));
        await driver.CreateAsync(pool, "b");

        driver.StorageOf("p").Present = false;
        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.RefreshPoolAsync(pool, 0, default));
        Assert.Equal(PoolRunState.Inaccessible, driver.Storage.GetPoolInfo(pool).State);

        (driver.StorageOf("p").Present, driver.StorageOf("p").Degraded) = (true, null);
        await driver.Storage.RefreshPoolAsync(pool, 0, default);
        Assert.Equal(PoolRunState.Running, driver.Storage.GetPoolInfo(pool).State);
        await driver.Storage.DestroyPoolAsync(pool, default);
        Assert.Equal(PoolRunState.Inactive, driver.Storage.GetPoolInfo(pool).State);
    }

    [Fact]
    public async Task A_list_is_the_same_object_until_a_volume_comes_or_goes()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a", "b");
        var before = driver.Storage.ListVolumes(pool, 0);
        driver.StorageOf("p").Files["a"].Touch();
        await driver.Storage.RefreshPoolAsync(pool, 0, default);
        Assert.Same(before, driver.Storage.ListVolumes(pool, 0));

        await driver.CreateAsync(pool, "c");
        Assert.NotSame(before, driver.Storage.ListVolumes(pool, 0));
    }

    [Theory]
    [InlineData(Step.ScanBegins)]
    [InlineData(Step.ScanEnds)]
    internal async Task A_scan_does_not_undo_what_happens_beside_it(Step step)
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "deleted", "resized", "kept", "replaced");
        var parked = driver.Steps.Park(step);
        var refresh = driver.Storage.RefreshPoolAsync(pool, 0, default).AsTask();
        await parked.Reached;

        await driver.CreateAsync(pool, "created");
        await driver.Storage.DeleteVolumeAsync(Volume("p", "deleted"), 0, default);
        await driver.Storage.DeleteVolumeAsync(Volume("p", "replaced"), 0, default);
        await driver.Storage.CreateVolumeAsync(pool, VolumeXml("replaced", 5 << 20), 0, default);
        await driver.Storage.ResizeVolumeAsync(Volume("p", "resized"), 4 << 20, 0, default);
        await driver.CreateAsync(pool, "short-lived");
        await driver.Storage.DeleteVolumeAsync(Volume("p", "short-lived"), 0, default);
        var building = driver.Steps.Park(Step.Build);
        var creation = driver.CreateAsync(pool, "building");
        await building.Reached;

        parked.Release();
        await refresh;

        Assert.Equal(["building", "created", "kept", "replaced", "resized"], driver.Names(pool));
        driver.Steps.Fail(Step.Describe, StorageErrors.System(5, "unreadable"));
        Assert.Equal(4UL << 20, (await driver.Storage.GetVolumeInfoAsync(Volume("p", "resized"), 0, default)).Capacity);
        Assert.Equal(5UL << 20, (await driver.Storage.GetVolumeInfoAsync(Volume("p", "replaced"), 0, default)).Capacity);
        driver.Steps.Succeed(Step.Describe);
        building.Release();
        await creation;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_scan_does_not_undo_the_space_that_a_change_beside_it_freed(bool tellsNumbers)
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a");
        driver.StorageOf("p").TellsNumbers = tellsNumbers;
        var scan = driver.Steps.Park(Step.ScanEnds);
        var refresh = driver.Storage.RefreshPoolAsync(pool, 0, default).AsTask();
        await scan.Reached;
        ulong before = driver.Storage.GetPoolInfo(pool).Numbers.Allocation;
        await driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default);
        ulong after = driver.Storage.GetPoolInfo(pool).Numbers.Allocation;
        Assert.NotEqual(before, after);
        scan.Release();
        await refresh;

        Assert.Equal(after, driver.Storage.GetPoolInfo(pool).Numbers.Allocation);
    }

    [Fact]
    public async Task A_deletion_beside_a_scan_that_saw_the_file_sticks()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a");
        var scan = driver.Steps.Park(Step.ScanEnds);
        var refresh = driver.Storage.RefreshPoolAsync(pool, 0, default).AsTask();
        await scan.Reached;
        var created = driver.Steps.Park(Step.BuildEnds);
        var creation = driver.CreateAsync(pool, "b");
        await created.Reached;
        await driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default);
        scan.Release();
        await refresh;

        Assert.Equal(["b"], driver.Names(pool));
        created.Release();
        await creation;
    }

    [Fact]
    public async Task A_scan_of_a_pool_stopped_meanwhile_is_discarded()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a");
        var parked = driver.Steps.Park(Step.ScanEnds);
        var refresh = driver.Storage.RefreshPoolAsync(pool, 0, default).AsTask();
        await parked.Reached;

        await driver.Storage.DestroyPoolAsync(pool, default);
        driver.StorageOf("p").Files.Clear();
        await driver.Storage.StartPoolAsync(pool, 0, default);
        parked.Release();

        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, async () => await refresh);
        Assert.Empty(driver.Names(pool));
        Assert.DoesNotContain(PoolEventKind.Refreshed, driver.EventKinds);
    }

    [Fact]
    public async Task Refreshes_asked_for_during_a_scan_share_the_next_one()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p");
        int before = driver.Steps.Taken.Count(step => step == Step.ScanBegins);
        var parked = driver.Steps.Park(Step.ScanEnds);
        var first = driver.Storage.RefreshPoolAsync(pool, 0, default).AsTask();
        await parked.Reached;
        driver.StorageOf("p").Files["late"] = new SimulatedFile();
        var others = Enumerable.Range(0, 5).Select(_ => driver.Storage.RefreshPoolAsync(pool, 0, default).AsTask()).ToArray();

        parked.Release();
        await first;
        await Task.WhenAll(others);

        Assert.Equal(before + 2, driver.Steps.Taken.Count(step => step == Step.ScanBegins));
        Assert.Equal(["late"], driver.Names(pool));
    }

    [Fact]
    public async Task A_pool_whose_target_is_gone_stays_active_and_comes_back()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a");
        driver.StorageOf("p").Present = false;

        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.RefreshPoolAsync(pool, 0, default));
        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.CreateVolumeAsync(pool, VolumeXml("b"), 0, default));
        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default));

        Assert.True(driver.Storage.IsPoolActive(pool));
        Assert.Equal(["a"], driver.Names(pool));
        Assert.Equal(1UL << 20, (await driver.Storage.GetVolumeInfoAsync(Volume("p", "a"), 0, default)).Capacity);
        Assert.Single(driver.EventKinds, PoolEventKind.Refreshed);

        driver.StorageOf("p").Present = true;
        await driver.CreateAsync(pool, "b");

        Assert.Equal(["a", "b"], driver.Names(pool));
        Assert.Equal(2, driver.EventKinds.Count(kind => kind == PoolEventKind.Refreshed));
    }

    [Fact]
    public async Task An_inaccessible_pool_can_be_stopped_but_not_started()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a");
        driver.StorageOf("p").Present = false;
        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.RefreshPoolAsync(pool, 0, default));

        await driver.Storage.DestroyPoolAsync(pool, default);

        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.StartPoolAsync(pool, 0, default));
        Assert.False(driver.Storage.IsPoolActive(pool));
    }

    [Fact]
    public async Task A_look_up_finds_what_appeared_outside()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p");
        driver.StorageOf("p").Files["new"] = new SimulatedFile();
        driver.StorageOf("p").Files["other"] = new SimulatedFile();

        Assert.Equal("new", (await driver.Storage.LookupVolumeByNameAsync(pool, "new", default)).Name);
        Assert.Equal("other", (await driver.Storage.LookupVolumeByPathAsync("/pools//p/other", default)).Name);
        Assert.Equal(["new", "other"], driver.Names(pool));
        await Expect.FailsAsync(StorageErrorCode.NoStorageVolume, () => driver.Storage.LookupVolumeByNameAsync(pool, "none", default));
        await Expect.FailsAsync(StorageErrorCode.NoStorageVolume, () => driver.Storage.LookupVolumeByPathAsync("/pools/p/none", default));
        await Expect.FailsAsync(StorageErrorCode.NoStorageVolume, () => driver.Storage.LookupVolumeByPathAsync("/elsewhere/new", default));
        await Expect.FailsAsync(StorageErrorCode.NoStorageVolume, () => driver.Storage.LookupVolumeByKeyAsync("none", default));
    }

    [Fact]
    public async Task A_look_up_beside_a_deletion_does_not_bring_the_volume_back()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p");
        driver.StorageOf("p").Files["a"] = new SimulatedFile();
        var parked = driver.Steps.Park(Step.Find);
        var lookup = driver.Storage.LookupVolumeByNameAsync(pool, "a", default).AsTask();
        await parked.Reached;
        await driver.Storage.RefreshPoolAsync(pool, 0, default);
        await driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default);
        driver.StorageOf("p").Files["a"] = new SimulatedFile();
        parked.Release();

        await Expect.FailsAsync(StorageErrorCode.NoStorageVolume, async () => _ = await lookup);
        Assert.Empty(driver.Names(pool));
    }

    [Fact]
    public async Task A_volume_that_vanished_is_not_described_and_stays_listed_until_the_refresh()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a");
        driver.StorageOf("p").Files.Clear();

        await Expect.FailsAsync(StorageErrorCode.NoStorageVolume, () => driver.Storage.GetVolumeInfoAsync(Volume("p", "a"), 0, default));
        Assert.Equal(["a"], driver.Names(pool));
        await driver.Storage.RefreshPoolAsync(pool, 0, default);
        Assert.Empty(driver.Names(pool));
    }

    [Fact]
    public async Task Storage_that_hangs_fails_its_callers_and_nobody_else()
    {
        var clock = new ManualClock();
        await using var driver = await OpenAsync(clock: clock);
        var hung = await driver.StartedAsync("hung", "a");
        var other = await driver.StartedAsync("other", "b");
        using var hang = driver.Steps.Hang(Step.Describe);

        var info = driver.Storage.GetVolumeInfoAsync(Volume("hung", "a"), 0, default).AsTask();
        Assert.Equal(["a"], driver.Names(hung));
        Assert.True(driver.Storage.IsPoolActive(hung));
        await driver.Storage.RefreshPoolAsync(other, 0, default);
        Assert.Equal(["b"], driver.Names(other));
        await hang.Reached;
        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(1UL << 20, (await info).Capacity);
        Assert.Equal(1UL << 20, (await driver.Storage.GetVolumeInfoAsync(Volume("hung", "a"), 0, default)).Capacity);
        hang.Set();
        await driver.Storage.RefreshPoolAsync(hung, 0, default);
        await driver.CreateAsync(hung, "c");
    }

    [Fact]
    public async Task A_change_that_hangs_times_out_and_the_pool_comes_back_with_its_storage()
    {
        var clock = new ManualClock();
        await using var driver = await OpenAsync(clock: clock);
        var pool = await driver.StartedAsync("p", "a");
        using var hang = driver.Steps.Hang(Step.Delete);
        var deletion = driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default).AsTask();
        await hang.Reached;
        clock.Advance(TimeSpan.FromMinutes(1));

        await Expect.FailsAsync(StorageErrorCode.OperationTimeout, async () => await deletion);
        Assert.True(driver.Storage.IsPoolActive(pool));
        Assert.Equal(["a"], driver.Names(pool));
        Assert.Single(driver.EventKinds, PoolEventKind.Refreshed);

        driver.StorageOf("p").Present = false;
        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.ResizeVolumeAsync(Volume("p", "a"), 1 << 21, 0, default));
        driver.StorageOf("p").Present = true;
        hang.Set();
        await driver.Storage.ResizeVolumeAsync(Volume("p", "a"), 1 << 21, 0, default);
        Assert.Equal(2, driver.EventKinds.Count(kind => kind == PoolEventKind.Refreshed));
    }
}
