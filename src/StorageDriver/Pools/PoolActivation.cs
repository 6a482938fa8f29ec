using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Pools;

/// <summary>
/// Starting and stopping pools, and making and deleting what they stand on. The gate is open during the work: the state says that the pool
/// is between two states. The work goes on when the caller leaves.
/// </summary>
internal sealed class PoolActivation(DriverContext driver, PoolScanner scanner)
{
    private readonly ILogger _logger = driver.Host.Loggers.CreateLogger<PoolActivation>();

    /// <summary>Starts a pool; one that is being autostarted at the moment is waited for instead.</summary>
    /// <param name="buildFlags">Build the pool first, with these flags of <c>virStoragePoolBuildFlags</c>; null: do not.</param>
    public async Task StartAsync(StoragePool pool, uint? buildFlags, CancellationToken cancellation)
    {
        if (buildFlags is null && await TryLeaveInactiveAsync(pool, cancellation).ConfigureAwait(false) is { } attempt)
        {
            await attempt.WaitAsync(cancellation).ConfigureAwait(false);
            return;
        }

        if (buildFlags is not null)
        {
            await LeaveInactiveAsync(pool, cancellation).ConfigureAwait(false);
        }

        await ActivateAsync(pool, buildFlags).ConfigureAwait(false);
    }

    /// <summary>An attempt to start a pool that nobody asked for; whoever asks meanwhile shares its outcome.</summary>
    public async Task AutostartAsync(StoragePool pool)
    {
        Task attempt;
        using (await pool.EnterAsync(CancellationToken.None).ConfigureAwait(false))
        {
            pool.State.RequireInactive();
            pool.Publish(pool.State with { Starting = true });
            attempt = pool.AutostartAttempt = Task.Run(() => ActivateAsync(pool, buildFlags: null));
        }

        await attempt.ConfigureAwait(false);
    }

    /// <summary>Starts a pool with a document of its own: a new transient one, or a defined one whose definition is set aside until the next stop.</summary>
    public async Task<PoolReference> CreateAsync(PoolDefinition definition, uint? buildFlags, CancellationToken cancellation)
    {
        while (true)
        {
            var known = driver.Registry.Find(definition.Uuid);
            StoragePool? pool;
            using (known is null ? default : await known.Gate.EnterAsync(cancellation).ConfigureAwait(false))
            using (await driver.Registry.Gate.EnterAsync(cancellation).ConfigureAwait(false))
            {
                pool = driver.Registry.Resolve(definition);
                if (pool != known)
                {
                    continue;
                }

                pool = Install(pool, definition);
            }

            await ActivateAsync(pool, buildFlags).ConfigureAwait(false);
            return pool.Reference;
        }
    }

    public async Task BuildAsync(StoragePool pool, uint flags, CancellationToken cancellation)
    {
        await LeaveInactiveAsync(pool, cancellation).ConfigureAwait(false);
        await BetweenAsync(pool, PoolEventKind.Created, async state =>
        {
            if (driver.Backend(state.Definition) is IPoolProvisioning backend)
            {
                await backend.BuildAsync(pool.Context(state), flags, CancellationToken.None).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
    }

    /// <summary>Deletes what the pool stands on; it stays defined.</summary>
    public async Task DeleteAsync(StoragePool pool, uint flags, CancellationToken cancellation)
    {
        await LeaveInactiveAsync(pool, cancellation).ConfigureAwait(false);
        await BetweenAsync(pool, PoolEventKind.Deleted, async state =>
        {
            var backend = driver.Backend(state.Definition) as IPoolProvisioning
                ?? throw StorageErrors.NotSupported(PoolTypes.Get(state.Definition.Type).Name, "being deleted");
            await backend.DeleteAsync(pool.Context(state), flags, CancellationToken.None).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    /// <summary>Stops a pool on which no jobs run; open streams are aborted, running scans discarded.</summary>
    public async Task DestroyAsync(StoragePool pool, CancellationToken cancellation)
    {
        var run = await LeaveActiveAsync(pool, cancellation).ConfigureAwait(false);
        var state = pool.State;
        await using var undo = new Undo(_logger);
        undo.Add(() => ResumeAsync(pool, run));
        await driver.Store.RemoveStateAsync(pool.Name).ConfigureAwait(false);
        undo.Add(async () => await driver.Store.SaveStateAsync(state.Definition).ConfigureAwait(false));
        await run.EndUsesAsync().ConfigureAwait(false);
        if (run.Backend is IPoolActivation backend)
        {
            await backend.StopAsync(pool.Context(state), CancellationToken.None).ConfigureAwait(false);
        }

        undo.Commit();
        using (await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false))
        {
            var volumes = pool.State.Volumes.Change();
            volumes.Clear();
            await driver.SettleInactiveAsync(pool, volumes).ConfigureAwait(false);
            driver.Events.Raise(PoolEventKind.Stopped, pool);
        }

        await run.EndSessionAsync().ConfigureAwait(false);
    }

    /// <summary>Publishes a pool that was found up when the server started, without starting it.</summary>
    public async Task AdoptAsync(StoragePool pool)
    {
        var state = pool.State;
        var backend = driver.Backend(state.Definition);
        await using var undo = new Undo(_logger);
        IPoolSession? session = null;
        if (backend is IPoolActivation resumable)
        {
            session = await resumable.ResumeAsync(pool.Context(state), CancellationToken.None).ConfigureAwait(false);
            undo.Add(() => session?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        var (run, contents) = await ScanAsync(pool, backend, session, undo).ConfigureAwait(false);
        using var hold = await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
        PublishActive(pool, run, contents);
        undo.Commit();
    }

    /// <summary>Brings a pool that is marked as starting up; on failure everything done is undone.</summary>
    private async Task ActivateAsync(StoragePool pool, uint? buildFlags)
    {
        var state = pool.State;
        await using var undo = new Undo(_logger);
        undo.Add(() => SettleAsync(pool));
        var backend = driver.Backend(state.Definition);
        var context = pool.Context(state);
        if (buildFlags is { } flags && backend is IPoolProvisioning provisioning)
        {
            await provisioning.BuildAsync(context, flags, CancellationToken.None).ConfigureAwait(false);
        }

        IPoolSession? session = null;
        if (backend is IPoolActivation activation)
        {
            session = await activation.StartAsync(context, CancellationToken.None).ConfigureAwait(false);
            context = pool.Context(state, session);
            undo.Add(() => StopAsync(activation, context));
        }

        await driver.Store.SaveStateAsync(state.Definition).ConfigureAwait(false);
        undo.Add(async () => await driver.Store.RemoveStateAsync(pool.Name).ConfigureAwait(false));
        var (run, contents) = await ScanAsync(pool, backend, session, undo).ConfigureAwait(false);
        using var hold = await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
        PublishActive(pool, run, contents);
        undo.Commit();
        driver.Events.Raise(PoolEventKind.Started, pool);
    }

    /// <summary>The first scan of an activation, watched from before it began.</summary>
    private async ValueTask<(PoolRun Run, PoolContents Contents)> ScanAsync(StoragePool pool, IStorageBackend backend, IPoolSession? session, Undo undo)
    {
        var run = NewRun(pool, backend, session);
        undo.Add(run.EndUsesAsync);
        await run.Keeper.BeginAsync().ConfigureAwait(false);
        return (run, await backend.RefreshAsync(pool.Context(pool.State, session), CancellationToken.None).ConfigureAwait(false));
    }

    private PoolRun NewRun(StoragePool pool, IStorageBackend backend, IPoolSession? session) =>
        new(backend, session, run => new PoolKeeper(driver, scanner, pool, run));

    private void PublishActive(StoragePool pool, PoolRun run, PoolContents contents)
    {
        var state = pool.State with { Run = run, Starting = false, Degraded = contents.Degraded };
        var volumes = ScanMerge.Merge(VolumeTable.Empty, contents, pool.Changes, long.MaxValue);
        pool.Publish(state with { Definition = PoolState.Describe(state.Definition, contents) }, volumes);
        if (contents.Degraded is not null)
        {
            driver.Log.Health(pool.Name, contents.Degraded);
        }

        run.Keeper.Start();
    }

    private static async ValueTask StopAsync(IPoolActivation activation, PoolContext context)
    {
        await activation.StopAsync(context, CancellationToken.None).ConfigureAwait(false);
        if (context.Session is { } session)
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Puts the document of <see cref="CreateAsync"/> in place. The gates of the pool and the registry are held.</summary>
    private StoragePool Install(StoragePool? pool, PoolDefinition definition)
    {
        if (pool is null)
        {
            pool = driver.NewPool(new PoolState { Definition = definition, Starting = true });
            driver.Registry.Add(pool);
            return pool;
        }

        var state = pool.State;
        state.RequireInactive();
        pool.Publish(state with { Definition = definition, NewDefinition = state.NewDefinition ?? state.Definition, Starting = true });
        return pool;
    }

    /// <summary>Marks an inactive pool as between two states, once no attempt to autostart it runs.</summary>
    private static async ValueTask LeaveInactiveAsync(StoragePool pool, CancellationToken cancellation)
    {
        while (await TryLeaveInactiveAsync(pool, cancellation).ConfigureAwait(false) is { } attempt)
        {
            await Task.WhenAny(attempt).WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The attempt to autostart the pool that runs; null: none does, and the pool is marked as between two states.</summary>
    private static async ValueTask<Task?> TryLeaveInactiveAsync(StoragePool pool, CancellationToken cancellation)
    {
        using var hold = await pool.EnterAsync(cancellation).ConfigureAwait(false);
        if (pool.RunningAutostart is { } attempt)
        {
            return attempt;
        }

        pool.State.RequireInactive();
        pool.Publish(pool.State with { Starting = true });
        return null;
    }

    private static async ValueTask<PoolRun> LeaveActiveAsync(StoragePool pool, CancellationToken cancellation)
    {
        while (true)
        {
            Task? wait;
            using (await pool.EnterAsync(cancellation).ConfigureAwait(false))
            {
                wait = pool.RunningAutostart is { } attempt ? Task.WhenAny(attempt) : TryLeaveActive(pool);
                if (wait is null)
                {
                    return pool.State.RequireActive();
                }
            }

            await wait.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The end of a job that has to be waited for; null: there is none, and the pool is marked as stopping. The gate is held.</summary>
    private static Task? TryLeaveActive(StoragePool pool)
    {
        var state = pool.State;
        var run = state.RequireActive();
        if (state.Stopping)
        {
            throw StorageErrors.PoolStopping(pool.Name);
        }

        if (run.HasJobs)
        {
            throw StorageErrors.PoolHasJobs(pool.Name);
        }

        if (run.ShortJob is { } job)
        {
            return job.Ended;
        }

        pool.Publish(state with { Stopping = true });
        return null;
    }

    /// <summary>Work on an inactive pool during which it cannot be started.</summary>
    private async Task BetweenAsync(StoragePool pool, PoolEventKind done, Func<PoolState, Task> work)
    {
        bool succeeded = false;
        try
        {
            await work(pool.State).ConfigureAwait(false);
            succeeded = true;
        }
        finally
        {
            using var hold = await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
            await driver.SettleInactiveAsync(pool).ConfigureAwait(false);
            if (succeeded)
            {
                driver.Events.Raise(done, pool);
            }
        }
    }

    private async ValueTask SettleAsync(StoragePool pool)
    {
        using var hold = await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
        await driver.SettleInactiveAsync(pool).ConfigureAwait(false);
    }

    /// <summary>A stop failed: the pool goes on with a run of its own, the old one's scans and streams having ended.</summary>
    private async ValueTask ResumeAsync(StoragePool pool, PoolRun run)
    {
        using var hold = await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
        var resumed = NewRun(pool, run.Backend, run.Session);
        pool.Publish(pool.State with { Stopping = false, Run = resumed });
        resumed.Keeper.Start();
    }
}
