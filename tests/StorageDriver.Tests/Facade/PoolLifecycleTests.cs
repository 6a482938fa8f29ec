using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Cistern.Storage.Tests.Simulated;
using static Cistern.Storage.Tests.Simulated.SimulatedDriver;

namespace Cistern.Storage.Tests.Facade;

public sealed class PoolLifecycleTests
{
    [Fact]
    public async Task A_defined_pool_starts_lists_its_volumes_and_stops()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a", "b");

        Assert.True(driver.Storage.IsPoolActive(pool));
        Assert.Equal(["a", "b"], driver.Names(pool));
        Assert.Equal(8192UL, driver.Storage.GetPoolInfo(pool).Numbers.Allocation);
        Assert.True(File.Exists(Path.Join(driver.Options.RunDirectory, "p.xml")));

        await driver.Storage.DestroyPoolAsync(pool, default);

        Assert.False(driver.Storage.IsPoolActive(pool));
        Assert.False(File.Exists(Path.Join(driver.Options.RunDirectory, "p.xml")));
        Assert.Equal(0, driver.Backend.Sessions);
        Assert.Equal(8192UL, driver.Storage.GetPoolInfo(pool).Numbers.Allocation);
        Expect.Fails(StorageErrorCode.OperationInvalid, () => driver.Storage.ListVolumes(pool, 0));
        Assert.Equal([PoolEventKind.Defined, PoolEventKind.Started, PoolEventKind.Stopped], driver.EventKinds);
    }

    [Fact]
    public async Task A_transient_pool_vanishes_when_it_stops()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.Storage.CreatePoolAsync(PoolXml("t"), 0, default);

        Assert.True(driver.Storage.IsPoolActive(pool));
        Assert.False(driver.Storage.IsPoolPersistent(pool));
        await Expect.FailsAsync(StorageErrorCode.InternalError, () => driver.Storage.SetPoolAutostartAsync(pool, true, default));

        await driver.Storage.DestroyPoolAsync(pool, default);

        Expect.Fails(StorageErrorCode.NoStoragePool, () => driver.Storage.LookupPoolByName("t"));
        Assert.Equal([PoolEventKind.Started, PoolEventKind.Stopped], driver.EventKinds);
    }

    [Fact]
    public async Task A_definition_for_an_active_pool_waits_for_its_next_stop()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p");
        await driver.Storage.DefinePoolAsync(PoolXml("p", target: "/pools/elsewhere"), 0, default);

        Assert.Contains("<path>/pools/p</path>", driver.Storage.GetPoolXml(pool, 0), StringComparison.Ordinal);
        Assert.Contains("<path>/pools/elsewhere</path>", driver.Storage.GetPoolXml(pool, 1), StringComparison.Ordinal);

        await driver.Storage.DestroyPoolAsync(pool, default);

        Assert.Contains("<path>/pools/elsewhere</path>", driver.Storage.GetPoolXml(pool, 0), StringComparison.Ordinal);
        Assert.Equal(0UL, driver.Storage.GetPoolInfo(pool).Numbers.Capacity);
    }

    [Fact]
    public async Task Defining_an_active_transient_pool_makes_it_persistent()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.Storage.CreatePoolAsync(PoolXml("t"), 0, default);
        await driver.DefineAsync("t");

        Assert.True(driver.Storage.IsPoolPersistent(pool));
        await driver.Storage.DestroyPoolAsync(pool, default);
        Assert.Equal(pool, driver.Storage.LookupPoolByName("t"));
    }

    [Fact]
    public async Task Creating_a_defined_pool_sets_its_definition_aside_until_the_stop()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.DefineAsync("p");
        await driver.Storage.CreatePoolAsync(PoolXml("p", target: "/pools/other"), 0, default);

        Assert.True(driver.Storage.IsPoolPersistent(pool));
        Assert.Contains("<path>/pools/other</path>", driver.Storage.GetPoolXml(pool, 0), StringComparison.Ordinal);
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.CreatePoolAsync(PoolXml("p"), 0, default));

        await driver.Storage.DestroyPoolAsync(pool, default);
        Assert.Contains("<path>/pools/p</path>", driver.Storage.GetPoolXml(pool, 0), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Step.Start, false)]
    [InlineData(Step.ScanBegins, true)]
    internal async Task A_failed_start_leaves_nothing(Step step, bool stopped)
    {
        await using var driver = await OpenAsync();
        var pool = await driver.DefineAsync("p");
        driver.Steps.Fail(step, StorageErrors.System(5, "broken"));

        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.StartPoolAsync(pool, 0, default));
        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.CreatePoolAsync(PoolXml("t"), 0, default));

        Assert.False(driver.Storage.IsPoolActive(pool));
        Assert.Equal(stopped, driver.Steps.Taken.Contains(Step.Stop));
        Assert.Equal(0, driver.Backend.Sessions);
        Assert.Empty(Directory.EnumerateFiles(driver.Options.RunDirectory, "*.xml"));
        Expect.Fails(StorageErrorCode.NoStoragePool, () => driver.Storage.LookupPoolByName("t"));
        Assert.Equal([PoolEventKind.Defined], driver.EventKinds);

        driver.Steps.Succeed(step);
        await driver.Storage.StartPoolAsync(pool, 0, default);
    }

    [Fact]
    public async Task A_starting_pool_refuses_what_needs_a_stopped_or_a_running_one()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.DefineAsync("p");
        var parked = driver.Steps.Park(Step.Start);
        var start = driver.Storage.StartPoolAsync(pool, 0, default);
        await parked.Reached;

        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.StartPoolAsync(pool, 0, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.BuildPoolAsync(pool, 0, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.UndefinePoolAsync(pool, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.DestroyPoolAsync(pool, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.RefreshPoolAsync(pool, 0, default));
        Assert.False(driver.Storage.IsPoolActive(pool));

        parked.Release();
        await start;
        Assert.True(driver.Storage.IsPoolActive(pool));
    }

    [Fact]
    public async Task A_start_goes_on_when_its_caller_leaves()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.DefineAsync("p");
        var parked = driver.Steps.Park(Step.Start);
        using var caller = new CancellationTokenSource();
        var start = driver.Storage.StartPoolAsync(pool, 0, caller.Token).AsTask();
        await parked.Reached;
        var started = new TaskCompletionSource();
        using var subscription = driver.Storage.Subscribe(happened => started.TrySetResult());

        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
        parked.Release();

        await started.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(driver.Storage.IsPoolActive(pool));
    }

    [Fact]
    public async Task Build_and_delete_work_on_an_inactive_pool_and_tell_of_it()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.DefineAsync("p");
        driver.StorageOf("p").Present = false;

        await driver.Storage.BuildPoolAsync(pool, 0, default);
        Assert.True(driver.StorageOf("p").Present);
        await driver.Storage.DeletePoolAsync(pool, 0, default);
        Assert.False(driver.StorageOf("p").Present);

        await driver.Storage.StartPoolAsync(pool, 1, default);
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.BuildPoolAsync(pool, 0, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.DeletePoolAsync(pool, 0, default));
        Assert.Equal([PoolEventKind.Defined, PoolEventKind.Created, PoolEventKind.Deleted, PoolEventKind.Started], driver.EventKinds);
    }

    [Fact]
    public async Task An_undefined_pool_is_gone_with_its_files()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.DefineAsync("p");
        await driver.Storage.SetPoolAutostartAsync(pool, true, default);
        Assert.True(driver.Storage.GetPoolAutostart(pool));

        await driver.Storage.UndefinePoolAsync(pool, default);

        Expect.Fails(StorageErrorCode.NoStoragePool, () => driver.Storage.GetPoolInfo(pool));
        Assert.Empty(Directory.EnumerateFileSystemEntries(driver.Options.ConfigDirectory, "*.xml", SearchOption.AllDirectories));
        Assert.Equal([PoolEventKind.Defined, PoolEventKind.Undefined], driver.EventKinds);
    }

    [Fact]
    public async Task A_failed_stop_leaves_the_pool_running()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a");
        driver.Steps.Fail(Step.Stop, StorageErrors.System(16, "busy"));

        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.DestroyPoolAsync(pool, default));

        Assert.True(driver.Storage.IsPoolActive(pool));
        Assert.True(File.Exists(Path.Join(driver.Options.RunDirectory, "p.xml")));
        await driver.CreateAsync(pool, "b");
        await driver.Storage.RefreshPoolAsync(pool, 0, default);
        Assert.Equal(["a", "b"], driver.Names(pool));
    }

    [Theory]
    [InlineData("p", "q", "/pools/x", StorageErrorCode.OperationFailed)]
    [InlineData("q", "p", "/pools/x", StorageErrorCode.OperationFailed)]
    [InlineData("q", "q", "/pools/p", StorageErrorCode.OperationFailed)]
    public async Task Names_uuids_and_sources_belong_to_one_pool(string name, string uuidOf, string target, StorageErrorCode code)
    {
        await using var driver = await OpenAsync();
        await driver.DefineAsync("p");

        await Expect.FailsAsync(code, () => driver.Storage.DefinePoolAsync(PoolXml(name, Uuid(uuidOf), target), 0, default));
        await Expect.FailsAsync(code, () => driver.Storage.CreatePoolAsync(PoolXml(name, Uuid(uuidOf), target), 0, default));
        Assert.Single(driver.Storage.ListPools(0));
    }

    [Fact]
    public async Task Lists_filter_by_every_bit()
    {
        await using var driver = await OpenAsync();
        var active = await driver.StartedAsync("active");
        var inactive = await driver.DefineAsync("inactive");
        await driver.Storage.SetPoolAutostartAsync(inactive, true, default);
        var transient = await driver.Storage.CreatePoolAsync(PoolXml("transient"), 0, default);

        Assert.Equal(3, driver.Storage.ListPools(0).Count);
        Assert.Equal([inactive], driver.Storage.ListPools(1));
        Assert.Equal(2, driver.Storage.ListPools(2).Count);
        Assert.Equal(3, driver.Storage.ListPools(3).Count);
        Assert.Equal([transient], driver.Storage.ListPools(8));
        Assert.Equal([active], driver.Storage.ListPools(2 | 4));
        Assert.Equal([inactive], driver.Storage.ListPools(16));
        Assert.Equal(2, driver.Storage.ListPools(32).Count);
        Assert.Equal(3, driver.Storage.ListPools(1 << 6).Count);
        Assert.Empty(driver.Storage.ListPools(1 << 7));
        Expect.Fails(StorageErrorCode.InvalidArgument, () => driver.Storage.ListPools(1 << 20));
    }

    [Fact]
    public async Task Pools_are_found_by_name_uuid_volume_and_the_target_of_an_active_one()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p");
        await driver.DefineAsync("inactive");

        Assert.Equal(pool, driver.Storage.LookupPoolByName("p"));
        Assert.Equal(pool, driver.Storage.LookupPoolByUuid(Uuid("p")));
        Assert.Equal(pool, driver.Storage.LookupPoolByVolume(Volume("p", "any")));
        Assert.Equal(pool, driver.Storage.LookupPoolByTargetPath("/pools//p/"));
        Expect.Fails(StorageErrorCode.NoStoragePool, () => driver.Storage.LookupPoolByTargetPath("/pools/inactive"));
        Expect.Fails(StorageErrorCode.NoStoragePool, () => driver.Storage.LookupPoolByUuid(Guid.NewGuid()));
    }

    [Fact]
    public async Task Unknown_flags_are_refused_before_anything_else()
    {
        await using var driver = await OpenAsync();
        var nowhere = new PoolReference("nowhere", Guid.NewGuid());

        await Expect.FailsAsync(StorageErrorCode.InvalidArgument, () => driver.Storage.DefinePoolAsync("", 2, default));
        await Expect.FailsAsync(StorageErrorCode.InvalidArgument, () => driver.Storage.CreatePoolAsync("", 8, default));
        await Expect.FailsAsync(StorageErrorCode.InvalidArgument, () => driver.Storage.StartPoolAsync(nowhere, 8, default));
        await Expect.FailsAsync(StorageErrorCode.InvalidArgument, () => driver.Storage.RefreshPoolAsync(nowhere, 1, default));
        Expect.Fails(StorageErrorCode.InvalidArgument, () => driver.Storage.GetPoolXml(nowhere, 2));
        Expect.Fails(StorageErrorCode.InvalidArgument, () => driver.Storage.ListVolumes(nowhere, 1));
        await Expect.FailsAsync(StorageErrorCode.NoStoragePool, () => driver.Storage.StartPoolAsync(nowhere, 7, default));
    }

    [Fact]
    public async Task Types_without_a_backend_are_known_and_refused()
    {
        await using var driver = await OpenAsync();

        Assert.Equal(["dir"], driver.Storage.SupportedPoolTypes);
        Assert.Contains("<pool type='zfs' supported='no'", driver.Storage.GetPoolCapabilities(0), StringComparison.Ordinal);
        await Expect.FailsAsync(StorageErrorCode.InternalError, () => driver.Storage.DefinePoolAsync(
            "<pool type='mpath'><name>m</name><target><path>/dev/mapper</path></target></pool>", 0, default));
        await Expect.FailsAsync(StorageErrorCode.InternalError, () => driver.Storage.FindPoolSourcesAsync("nonsense", null, 0, default));
        await Expect.FailsAsync(StorageErrorCode.NoSupport, () => driver.Storage.FindPoolSourcesAsync("dir", null, 0, default));
    }
}
