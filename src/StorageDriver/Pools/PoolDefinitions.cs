using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Pools;

/// <summary>What is written down about pools: define, undefine, autostart.</summary>
internal sealed class PoolDefinitions(DriverContext driver)
{
    public async Task<PoolReference> DefineAsync(PoolDefinition definition, CancellationToken cancellation)
    {
        while (true)
        {
            var known = driver.Registry.Find(definition.Uuid);
            using var poolHold = known is null ? default : await known.Gate.EnterAsync(cancellation).ConfigureAwait(false);
            using var hold = await driver.Registry.Gate.EnterAsync(cancellation).ConfigureAwait(false);
            var pool = driver.Registry.Resolve(definition);
            if (pool == known)
            {
                return pool is null ? await AddAsync(definition).ConfigureAwait(false) : await ReplaceAsync(pool, definition).ConfigureAwait(false);
            }
        }
    }

    public async Task UndefineAsync(StoragePool pool, CancellationToken cancellation)
    {
        using var hold = await pool.EnterAsync(cancellation).ConfigureAwait(false);
        pool.State.RequireInactive();
        await driver.Store.RemoveConfigurationAsync(pool.Name).ConfigureAwait(false);
        pool.Publish(pool.State with { Persistent = false });
        await driver.SettleInactiveAsync(pool).ConfigureAwait(false);
        driver.Events.Raise(PoolEventKind.Undefined, pool);
    }

    public async Task SetAutostartAsync(StoragePool pool, bool autostart, CancellationToken cancellation)
    {
        using var hold = await pool.EnterAsync(cancellation).ConfigureAwait(false);
        if (!pool.State.Persistent)
        {
            throw StorageErrors.PoolNotPersistent(pool.Name);
        }

        if (pool.State.Autostart != autostart)
        {
            await driver.Store.SetAutostartAsync(pool.Name, autostart).ConfigureAwait(false);
            pool.Publish(pool.State with { Autostart = autostart });
        }
    }

    private async Task<PoolReference> AddAsync(PoolDefinition definition)
    {
        await driver.Store.SaveConfigurationAsync(definition).ConfigureAwait(false);
        var pool = driver.NewPool(new PoolState { Definition = definition, Persistent = true });
        driver.Registry.Add(pool);
        driver.Events.Raise(PoolEventKind.Defined, pool);
        return pool.Reference;
    }

    private async Task<PoolReference> ReplaceAsync(StoragePool pool, PoolDefinition definition)
    {
        await driver.Store.SaveConfigurationAsync(definition).ConfigureAwait(false);
        var state = pool.State with { Persistent = true };
        pool.Publish(state.IsActive || state.Starting ? state with { NewDefinition = definition } : state with { Definition = definition });
        driver.Events.Raise(PoolEventKind.Defined, pool);
        return pool.Reference;
    }
}
