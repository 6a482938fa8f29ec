using Cistern.Storage.Tests.Simulated;
using static Cistern.Storage.Tests.Simulated.SimulatedDriver;

namespace Cistern.Storage.Tests.Facade;

public sealed class MixedWorkTests
{
    [Fact]
    public async Task Many_clients_on_two_pools_meet_no_error_and_lose_nothing()
    {
        await using var driver = await OpenAsync();
        var pools = new[] { await driver.StartedAsync("one", "shared"), await driver.StartedAsync("two") };
        using var done = new CancellationTokenSource();
        var refreshes = pools.Select(pool => Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await driver.Storage.RefreshPoolAsync(pool, 0, default);
            }
        })).ToArray();

        await Task.WhenAll(Enumerable.Range(0, 16).Select(client => Task.Run(() => WorkAsync(driver, pools, client))));
        await done.CancelAsync();
        await Task.WhenAll(refreshes);

        foreach (var pool in pools)
        {
            Assert.Equal(driver.StorageOf(pool.Name).Files.Keys.Order(), driver.Names(pool));
        }

        Assert.Equal(16 + 1, driver.Storage.CountVolumes(pools[0]));
        Assert.Equal(0, driver.Storage.CountVolumes(pools[1]));
        foreach (var pool in pools)
        {
            await driver.Storage.DestroyPoolAsync(pool, default);
        }
    }

    /// <summary>Makes, changes and deletes volumes of the client's own; one is left in the first pool.</summary>
    private static async Task WorkAsync(SimulatedDriver driver, PoolReference[] pools, int client)
    {
        for (int round = 0; round < 30; round++)
        {
            var (name, copy) = ($"v{client}-{round}", $"c{client}-{round}");
            await driver.CreateAsync(pools[0], name);
            Assert.Equal(1UL << 20, (await driver.Storage.GetVolumeInfoAsync(Volume("one", name), 0, default)).Capacity);
            await driver.Storage.CreateVolumeFromAsync(pools[1], VolumeXml(copy), Volume("one", "shared"), 0, default);
            await driver.Storage.ResizeVolumeAsync(Volume("one", name), 3 << 20, 0, default);
            await driver.Storage.DeleteVolumeAsync(Volume("two", copy), 0, default);
            Assert.Equal(name, (await driver.Storage.LookupVolumeByPathAsync($"/pools/one/{name}", default)).Name);
            if (round > 0)
            {
                await driver.Storage.DeleteVolumeAsync(Volume("one", $"v{client}-{round - 1}"), 0, default);
            }
        }
    }
}
