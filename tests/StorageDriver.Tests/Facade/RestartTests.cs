using Cistern.Storage.Errors;
using Cistern.Storage.Tests.Simulated;
using static Cistern.Storage.Tests.Simulated.SimulatedDriver;

namespace Cistern.Storage.Tests.Facade;

public sealed class RestartTests
{
    [Fact]
    public async Task Running_pools_go_on_and_others_stay_as_they_were()
    {
        await using var driver = await OpenAsync();
        var running = await driver.StartedAsync("running", "a");
        var transient = await driver.Storage.CreatePoolAsync(PoolXml("transient"), 0, default);
        var inactive = await driver.DefineAsync("inactive");

        await driver.RestartAsync();

        Assert.True(driver.Storage.IsPoolActive(running));
        Assert.Equal(["a"], driver.Names(running));
        Assert.True(driver.Storage.IsPoolActive(transient));
        Assert.False(driver.Storage.IsPoolPersistent(transient));
        Assert.False(driver.Storage.IsPoolActive(inactive));
        Assert.Empty(driver.Events);
    }

    [Fact]
    public async Task A_pool_found_down_is_inactive_and_a_transient_one_is_gone()
    {
        await using var driver = await OpenAsync();
        var running = await driver.StartedAsync("running");
        await driver.Storage.CreatePoolAsync(PoolXml("transient"), 0, default);
        await driver.CloseAsync();
        driver.StorageOf("running").Mounted = false;
        driver.StorageOf("transient").Mounted = false;

        await driver.OpenStorageAsync();

        Assert.False(driver.Storage.IsPoolActive(running));
        Expect.Fails(StorageErrorCode.NoStoragePool, () => driver.Storage.LookupPoolByName("transient"));
        Assert.Empty(Directory.EnumerateFiles(driver.Options.RunDirectory, "*.xml"));
    }

    [Fact]
    public async Task A_running_pool_that_cannot_be_read_becomes_inactive()
    {
        await using var driver = await OpenAsync();
        var running = await driver.StartedAsync("running");
        await driver.CloseAsync();
        driver.StorageOf("running").Present = false;

        await driver.OpenStorageAsync();

        Assert.False(driver.Storage.IsPoolActive(running));
    }

    [Fact]
    public async Task The_definition_for_the_next_start_survives()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p");
        await driver.Storage.DefinePoolAsync(PoolXml("p", target: "/pools/elsewhere"), 0, default);

        await driver.RestartAsync();

        Assert.Contains("<path>/pools/p</path>", driver.Storage.GetPoolXml(pool, 0), StringComparison.Ordinal);
        Assert.Contains("<path>/pools/elsewhere</path>", driver.Storage.GetPoolXml(pool, 1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Autostart_pools_start_with_the_first_server_after_the_host_only()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.DefineAsync("p");
        var broken = await driver.DefineAsync("broken");
        driver.StorageOf("broken").Present = false;
        await driver.Storage.SetPoolAutostartAsync(pool, true, default);
        await driver.Storage.SetPoolAutostartAsync(broken, true, default);

        await driver.RestartAsync();
        Assert.True(driver.Storage.GetPoolAutostart(pool));
        Assert.False(driver.Storage.IsPoolActive(pool));

        await driver.CloseAsync();
        Directory.Delete(driver.Options.RunDirectory, recursive: true);
        await driver.OpenStorageAsync();
        Assert.True(driver.Storage.IsPoolActive(pool));
        Assert.False(driver.Storage.IsPoolActive(broken));
    }

    [Theory]
    [InlineData("z.xml", "<pool")]
    [InlineData("z.xml", "")]
    [InlineData("z.xml", "<pool type='dir'><name>other</name><target><path>/x</path></target></pool>")]
    [InlineData("z.xml", "<pool type='mpath'><name>z</name><target><path>/x</path></target></pool>")]
    [InlineData("z.xml", "<pool type='dir'><name>z</name><target><path>/pools/p</path></target></pool>")]
    public async Task A_bad_file_is_left_out_and_left_alone(string name, string content)
    {
        await using var driver = await OpenAsync();
        var pool = await driver.DefineAsync("p");
        await driver.CloseAsync();
        var path = Path.Join(driver.Options.ConfigDirectory, name);
        await File.WriteAllTextAsync(path, content);
        await File.WriteAllTextAsync(Path.Join(driver.Options.RunDirectory, name), content);

        await driver.OpenStorageAsync();

        Assert.Equal([pool], driver.Storage.ListPools(0));
        Assert.Equal(content, await File.ReadAllTextAsync(path));
    }

    [Fact]
    public async Task A_second_driver_on_the_same_folders_is_refused()
    {
        await using var driver = await OpenAsync();
        await Expect.FailsAsync(StorageErrorCode.InternalError, async () =>
            await StorageDriver.OpenAsync(driver.Options, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, default));
    }

    [Fact]
    public async Task A_pool_that_hangs_does_not_keep_the_server_from_starting()
    {
        var clock = new ManualClock();
        await using var driver = await OpenAsync(clock: clock);
        var hung = await driver.StartedAsync("hung");
        await driver.CloseAsync();
        var parked = driver.Steps.Park(Step.IsActive);
        var opening = driver.OpenStorageAsync();
        await parked.Reached;

        clock.Advance(TimeSpan.FromSeconds(10));
        await opening;

        Assert.False(driver.Storage.IsPoolActive(hung));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.StartPoolAsync(hung, 0, default));
        var scanned = driver.Steps.Park(Step.ScanEnds);
        parked.Release();
        await scanned.Reached;
        scanned.Release();
        Assert.True(SpinWait.SpinUntil(() => driver.Storage.IsPoolActive(hung), TimeSpan.FromSeconds(30)));
    }
}
