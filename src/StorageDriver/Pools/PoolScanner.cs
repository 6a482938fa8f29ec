using System.Collections.Immutable;
using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Pools;

/// <summary>Brings what is published of a running pool up to date: whole scans, beside everything else, and looks at single volumes.</summary>
internal sealed class PoolScanner(DriverContext driver)
{
    /// <summary>Scans the pool and publishes the result; on return everything that was there at the call is seen.</summary>
    /// <exception cref="StorageException">The pool cannot be read; it is inaccessible from then on, until a later scan succeeds.</exception>
    public async Task RefreshAsync(StoragePool pool, CancellationToken cancellation)
    {
        var state = pool.State;
        var run = state.RequireActive();
        if (state.Stopping)
        {
            throw StorageErrors.PoolStopping(pool.Name);
        }

        await run.Scans.RunAsync(asked: true, asked => ScanAsync(pool, run, asked)).WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>As <see cref="RefreshAsync"/>, without a client who asked: only what is news is told.</summary>
    public Task RescanAsync(StoragePool pool, PoolRun run) => run.Scans.RunAsync(asked: false, asked => ScanAsync(pool, run, asked));

    /// <summary>As <see cref="RescanAsync"/>, for those to whom it does not matter whether it succeeds.</summary>
    public async Task SettleAsync(StoragePool pool, PoolRun run)
    {
        try
        {
            await RescanAsync(pool, run).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // The pool's state says so.
        }
    }

    /// <summary>Scans a pool that was inaccessible when last looked at, before a change of its volumes.</summary>
    /// <exception cref="StorageException">It still is: 38/18.</exception>
    public ValueTask EnsureAccessibleAsync(StoragePool pool, CancellationToken cancellation) =>
        pool.State is { Inaccessible: not null, Stopping: false } ? new ValueTask(RefreshAsync(pool, cancellation)) : ValueTask.CompletedTask;

    /// <summary>The volume as it is now; null when it is gone. What is found out is published if that needs no waiting.</summary>
    public static async ValueTask<VolumeDefinition?> DescribeAsync(StoragePool pool, PoolState state, VolumeEntry entry, CancellationToken cancellation)
    {
        if (entry.Building is not null || state.Inaccessible is not null || state.Run is not { Backend: IVolumeRefresh backend } run)
        {
            return entry.Current;
        }

        try
        {
            var scanned = await backend.RefreshVolumeAsync(pool.Context(state), entry.Definition, cancellation).ConfigureAwait(false);
            if (scanned is not null && !ReferenceEquals(scanned, entry.Volume) && pool.Gate.TryEnter(out var hold))
            {
                using (hold)
                {
                    if (pool.State.Run == run)
                    {
                        Publish(pool, run, Replace(pool, entry, scanned));
                    }
                }
            }

            return scanned?.Described;
        }
        catch (StorageException)
        {
            return entry.Current;
        }
    }

    /// <summary>Publishes a volume and the pool's numbers as they are after an upload, and tells of it.</summary>
    public static async ValueTask UploadEndedAsync(StoragePool pool, PoolRun run, string volume)
    {
        var state = pool.State;
        if (state.Run != run || state.Volumes.Find(volume) is not { Building: null } entry)
        {
            return;
        }

        ScannedVolume? scanned = null;
        try
        {
            scanned = run.Backend is IVolumeRefresh backend
                ? await backend.RefreshVolumeAsync(pool.Context(state), entry.Definition, CancellationToken.None).ConfigureAwait(false)
                : null;
        }
        catch (StorageException)
        {
            // What cannot be looked at stays as it was known.
        }

        var numbers = await NumbersAsync(pool, state).ConfigureAwait(false);
        using var hold = await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
        if (pool.State.Run == run)
        {
            pool.Publish(pool.State.WithNumbers(numbers, 0), Replace(pool, entry, scanned));
            run.Keeper.Refreshes.Raise();
        }
    }

    /// <summary>Looks for a volume that the table does not have; what is found is published.</summary>
    public static async ValueTask<VolumeEntry?> FindAsync(StoragePool pool, string name, CancellationToken cancellation)
    {
        var state = pool.State;
        if (state is not { Run: { Backend: IVolumeRefresh } run, Inaccessible: null, Stopping: false })
        {
            return null;
        }

        await LookAsync(pool, run, [name], isAsked: true, cancellation).ConfigureAwait(false);
        return pool.State.Volumes.Find(name);
    }

    /// <summary>Looks at what there is of some names, and publishes what came, changed or vanished.</summary>
    /// <param name="isAsked">A client asks for the names: what is found stays, whatever a scan that runs has missed. Else a watch will tell of it.</param>
    /// <exception cref="StorageException">55/18: the pool is not active any more.</exception>
    public static async ValueTask LookAsync(
        StoragePool pool, PoolRun run, IReadOnlyCollection<string> names, bool isAsked, CancellationToken cancellation)
    {
        if (run.Backend is not IVolumeRefresh backend)
        {
            return;
        }

        long begun = await BeginAsync(pool, run, cancellation).ConfigureAwait(false);
        List<(string, ScannedVolume?)> looks = new(names.Count);
        try
        {
            var context = pool.Context(pool.State, run.Session, isAsked);
            foreach (var name in names)
            {
                try
                {
                    looks.Add((name, await backend.FindVolumeAsync(context, name, cancellation).ConfigureAwait(false)));
                }
                catch (StorageException)
                {
                    // What cannot be looked at stays as it was known.
                }
            }
        }
        finally
        {
            using var hold = await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
            if (pool.State.Run == run)
            {
                long number = isAsked ? pool.Changes.Next() : begun;
                Publish(pool, run, ScanMerge.Merge(pool.State.Volumes, looks, pool.Changes, begun, number));
            }

            pool.Changes.EndScan();
        }
    }

    /// <summary>Publishes the pool's numbers as they are now, where they can be had without a scan.</summary>
    public static async ValueTask RenewNumbersAsync(StoragePool pool, PoolRun run)
    {
        if (await NumbersAsync(pool, pool.State).ConfigureAwait(false) is { } numbers && numbers != pool.State.Definition.Numbers)
        {
            using var hold = await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
            if (pool.State.Run == run)
            {
                pool.Publish(pool.State.WithNumbers(numbers, 0));
            }
        }
    }

    /// <summary>The pool's numbers after a change, when they can be had without a scan; null otherwise.</summary>
    public static async ValueTask<PoolNumbers?> NumbersAsync(StoragePool pool, PoolState state)
    {
        try
        {
            return state.Run?.Backend is IPoolNumbers backend
                ? await backend.GetNumbersAsync(pool.Context(state), CancellationToken.None).ConfigureAwait(false)
                : null;
        }
        catch (StorageException)
        {
            return null;
        }
    }

    private async Task ScanAsync(StoragePool pool, PoolRun run, bool asked)
    {
        long begun = await BeginAsync(pool, run, CancellationToken.None).ConfigureAwait(false);
        PoolNumbers before = pool.State.Definition.Numbers;
        bool isOvertaken = false;
        PoolContents? contents = null;
        StorageException? failure = null;
        try
        {
            contents = await run.Backend.RefreshAsync(pool.Context(pool.State, run.Session, asked), run.Stopped).ConfigureAwait(false);
        }
        catch (StorageException error)
        {
            failure = error;
        }
        catch (OperationCanceledException) when (run.Stopped.IsCancellationRequested)
        {
            failure = StorageErrors.PoolNotActive(pool.Name);
        }
        finally
        {
            using var hold = await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
            try
            {
                isOvertaken = contents is not null && pool.State.Definition.Numbers != before;
                contents = isOvertaken ? WithNumbersOf(pool.State.Definition, contents!) : contents;
                failure = contents is null ? Fail(pool, run, failure) : Publish(pool, run, contents, begun, asked);
            }
            finally
            {
                pool.Changes.EndScan();
            }
        }

        if (failure is not null)
        {
            throw failure;
        }

        if (isOvertaken)
        {
            await RenewNumbersAsync(pool, run).ConfigureAwait(false);
        }
    }

    /// <summary>What a scan found, with the space as a change has left it that was made while the scan ran.</summary>
    private static PoolContents WithNumbersOf(PoolDefinition newer, PoolContents contents) =>
        contents with { Numbers = newer.Numbers, FreeExtents = ImmutableDictionary<string, ImmutableArray<FreeExtent>>.Empty };

    private static async ValueTask<long> BeginAsync(StoragePool pool, PoolRun run, CancellationToken cancellation)
    {
        using var hold = await pool.EnterAsync(cancellation).ConfigureAwait(false);
        return pool.State.Run == run ? pool.Changes.BeginScan() : throw StorageErrors.PoolNotActive(pool.Name);
    }

    /// <summary>Publishes what a scan found; the failure to report where the pool was stopped meanwhile. The gate is held.</summary>
    private StorageException? Publish(StoragePool pool, PoolRun run, PoolContents contents, long begun, bool asked)
    {
        var state = pool.State;
        if (state.Run != run)
        {
            return StorageErrors.PoolNotActive(pool.Name);
        }

        bool isBack = state.Inaccessible is not null;
        var edit = ScanMerge.Merge(state.Volumes, contents, pool.Changes, begun);
        bool otherHealth = (state.Degraded is null) != (contents.Degraded is null);
        pool.Publish(
            state with { Definition = PoolState.Describe(state.Definition, contents), Inaccessible = null, Degraded = contents.Degraded }, edit);
        if (asked || isBack || otherHealth)
        {
            run.Keeper.Refreshes.Raise();
        }
        else if (edit.IsNews(run.IsChanging))
        {
            run.Keeper.Refreshes.RaisePaced();
        }

        if (otherHealth)
        {
            driver.Log.Health(pool.Name, contents.Degraded);
        }

        if (isBack)
        {
            driver.Log.Accessible(pool.Name);
            run.Keeper.Wake();
        }

        return null;
    }

    /// <summary>Publishes that a scan failed and returns the failure to report. The gate is held.</summary>
    private StorageException? Fail(StoragePool pool, PoolRun run, StorageException? failure)
    {
        if (pool.State.Run != run)
        {
            return StorageErrors.PoolNotActive(pool.Name);
        }

        if (failure is null || run.Stopped.IsCancellationRequested)
        {
            return failure;
        }

        driver.MarkInaccessible(pool, failure);
        return failure.Code == StorageErrorCode.OperationTimeout ? failure : StorageErrors.PoolInaccessible(pool.Name, failure);
    }

    /// <summary>The volumes with an entry as it was found again, unless it changed meanwhile. The gate is held.</summary>
    private static VolumeTable.Edit Replace(StoragePool pool, VolumeEntry entry, ScannedVolume? scanned)
    {
        var volumes = pool.State.Volumes.Change();
        if (scanned is not null && ReferenceEquals(volumes.Find(entry.Name), entry))
        {
            volumes.Set(new VolumeEntry(scanned, pool.Changes.Next()));
        }

        return volumes;
    }

    /// <summary>Publishes what was found of single volumes, and tells of it where others than the server changed them. The gate is held.</summary>
    private static void Publish(StoragePool pool, PoolRun run, VolumeTable.Edit volumes)
    {
        if (!volumes.IsEmpty)
        {
            pool.Publish(pool.State, volumes);
            if (volumes.IsNews(run.IsChanging))
            {
                run.Keeper.Refreshes.RaisePaced();
            }
        }
    }
}
