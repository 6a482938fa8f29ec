using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Pools;

/// <summary>
/// Makes volumes, empty or from others. The volume is published as under construction when its name is taken, and again when it is whole; the
/// gate is open in between. The work goes on when the caller leaves; a deletion of the volume cancels it.
/// </summary>
internal sealed class VolumeCreation(PoolScanner scanner)
{
    public async Task<VolumeReference> CreateAsync(StoragePool pool, VolumeDefinition request, uint flags, CancellationToken cancellation)
    {
        await scanner.EnsureAccessibleAsync(pool, cancellation).ConfigureAwait(false);
        using var gate = await VolumeGate.EnterAsync(pool, request.Name, cancellation).ConfigureAwait(false);
        var state = pool.State;
        var run = state.RequireChangeable();
        if (state.Volumes.Find(request.Name) is not null)
        {
            throw StorageErrors.VolumeExists(request.Name);
        }

        var backend = run.Backend as IVolumeCreation ?? throw StorageErrors.NotSupported(run.Backend.Info.Name, "creating volumes");
        var context = pool.Context(state);
        var allocated = await backend.AllocateAsync(context, request, flags, CancellationToken.None).ConfigureAwait(false);
        var volume = allocated.Volume ?? request;
        return await CompleteAsync(pool, gate, allocated, VolumeJobKind.Create, (job, token) =>
            backend.BuildAsync(context, volume, flags, job.Progress, token)).ConfigureAwait(false);
    }

    public async Task<VolumeReference> CloneAsync(
        StoragePool pool, VolumeDefinition request, StoragePool sourcePool, string sourceName, uint flags, CancellationToken cancellation)
    {
        await scanner.EnsureAccessibleAsync(pool, cancellation).ConfigureAwait(false);
        await scanner.EnsureAccessibleAsync(sourcePool, cancellation).ConfigureAwait(false);
        var (gate, sourceHold) = await VolumeGate.EnterBothAsync(pool, request.Name, sourcePool, sourceName, cancellation).ConfigureAwait(false);
        using var targetGate = gate;
        PoolRun sourceRun;
        VolumeChange allocated;
        IVolumeCloning cloning;
        VolumeSource source;
        using (sourceHold)
        {
            sourceRun = sourcePool.State.RequireChangeable();
            var state = pool.State;
            source = Source(sourcePool, sourceName, state, request.Name);
            (cloning, allocated) = await AllocateCopyAsync(pool, state, request, source, flags).ConfigureAwait(false);
            sourceRun.Use(sourceName).Readers++;
        }

        var context = pool.Context(pool.State);
        var volume = allocated.Volume ?? request;
        return await CompleteAsync(
            pool,
            gate,
            allocated,
            VolumeJobKind.Clone,
            (job, token) => cloning.BuildFromAsync(context, volume, source, flags, job.Progress, token),
            () => ReleaseSourceAsync(sourcePool, sourceRun, sourceName)).ConfigureAwait(false);
    }

    private static async ValueTask ReleaseSourceAsync(StoragePool pool, PoolRun run, string name)
    {
        using var hold = await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
        run.Use(name).Readers--;
        run.Release(name);
    }

    /// <summary>The source, after the checks that need both pools; the gates are held.</summary>
    private static VolumeSource Source(StoragePool sourcePool, string sourceName, PoolState target, string name)
    {
        target.RequireChangeable();
        var state = sourcePool.State;
        var run = state.RequireChangeable();
        var entry = state.RequireVolume(sourceName);
        if (target.Volumes.Find(name) is not null)
        {
            throw StorageErrors.VolumeNameInUse(name);
        }

        if (target.Run!.Backend is not IVolumeCloning)
        {
            throw StorageErrors.NotSupported(target.Run.Backend.Info.Name, "creating volumes from others");
        }

        return entry.Building is null
            ? new VolumeSource(run.Backend, sourcePool.Context(state), entry.Definition)
            : throw StorageErrors.VolumeBuilding(sourceName);
    }

    /// <summary>Applies libvirt's rules for the size of a copy: at least the source's capacity, allocated in full unless the document says otherwise.</summary>
    private static async ValueTask<(IVolumeCloning Cloning, VolumeChange Allocated)> AllocateCopyAsync(
        StoragePool pool, PoolState state, VolumeDefinition request, VolumeSource source, uint flags)
    {
        ulong capacity = Math.Max(request.Capacity, source.Volume.Capacity);
        request = request with { Capacity = capacity, Allocation = request.AllocationGiven ? request.Allocation : capacity };
        var cloning = (IVolumeCloning)state.RequireChangeable().Backend;
        return (cloning, await cloning.AllocateFromAsync(pool.Context(state), request, source, flags, CancellationToken.None).ConfigureAwait(false));
    }

    /// <summary>From the publishing of the name to that of the whole volume; on failure the name is free again.</summary>
    /// <param name="release">Gives back what the job held elsewhere, before anybody is told that it ended.</param>
    private async Task<VolumeReference> CompleteAsync(
        StoragePool pool,
        VolumeGate gate,
        VolumeChange allocated,
        VolumeJobKind kind,
        Func<VolumeJob, CancellationToken, ValueTask> build,
        Func<ValueTask>? release = null)
    {
        var run = pool.State.RequireActive();
        var volume = allocated.Volume!;
        using var job = new VolumeJob(kind, volume.Name);
        Begin(pool, run, allocated, job);
        ScannedVolume? made = null;
        PoolNumbers? numbers = null;
        try
        {
            gate.Open();
            made = await MakeAsync(pool, run, allocated, gate, () => job.StepAsync(token => build(job, token))).ConfigureAwait(false);
            numbers = await PoolScanner.NumbersAsync(pool, pool.State).ConfigureAwait(false);
        }
        finally
        {
            await gate.CloseAsync().ConfigureAwait(false);
            job.Undone = made is null;
            End(pool, run, job, made, allocated.Contents is null ? numbers : pool.State.Definition.Numbers);
            gate.Open();
            if (release is not null)
            {
                await release().ConfigureAwait(false);
            }

            if (run.Backend.Info.SerialisesChanges && (made is null || kind == VolumeJobKind.Clone))
            {
                await scanner.SettleAsync(pool, run).ConfigureAwait(false);
            }
        }

        return new VolumeReference(pool.Name, volume.Name, made.Definition.Key ?? "");
    }

    private static void Begin(StoragePool pool, PoolRun run, VolumeChange allocated, VolumeJob job)
    {
        var state = pool.State;
        var volumes = allocated.Contents is { } contents
            ? ScanMerge.Merge(state.Volumes, contents, pool.Changes, long.MaxValue)
            : state.Volumes.Change();
        volumes.Set(new VolumeEntry(new ScannedVolume(allocated.Volume!), pool.Changes.Next()) { Building = job.Progress });
        run.Use(job.Volume).Job = job;
        pool.Publish(allocated.Contents is { } found ? state with { Definition = PoolState.Describe(state.Definition, found) } : state, volumes);
    }

    /// <summary>Builds and describes; what a failure would leave is deleted.</summary>
    private static async ValueTask<ScannedVolume> MakeAsync(
        StoragePool pool, PoolRun run, VolumeChange allocated, VolumeGate gate, Func<ValueTask> build)
    {
        var context = pool.Context(pool.State);
        var volume = allocated.Volume!;
        bool left = run.Backend.Info.SerialisesChanges;
        try
        {
            if (!allocated.IsBuilt)
            {
                await build().ConfigureAwait(false);
            }

            left = true;
            if (run.Backend is not IVolumeRefresh backend)
            {
                return new ScannedVolume(volume);
            }

            var made = await backend.RefreshVolumeAsync(context, volume, CancellationToken.None).ConfigureAwait(false)
                ?? throw StorageErrors.NoVolume(volume.Name);
            return made.Stamp is { } stamp ? made with { Stamp = stamp with { IsOfNewFile = true } } : made;
        }
        catch when (left && run.Backend is IVolumeDeletion)
        {
            if (run.Backend.Info.SerialisesChanges)
            {
                await gate.CloseAsync().ConfigureAwait(false);
            }

            await ((IVolumeDeletion)run.Backend).DeleteAsync(context, volume, 0, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private static void End(StoragePool pool, PoolRun run, VolumeJob job, ScannedVolume? made, PoolNumbers? numbers)
    {
        var state = pool.State;
        var volumes = state.Volumes.Change();
        if (made is null)
        {
            volumes.Remove(job.Volume);
            pool.Changes.Deleted(job.Volume);
        }
        else
        {
            volumes.Set(new VolumeEntry(made, pool.Changes.Next()));
            state = state.WithNumbers(numbers, (long)made.Definition.Allocation);
        }

        run.Use(job.Volume).Job = null;
        run.Release(job.Volume);
        pool.Publish(state, volumes);
        if (made is not null)
        {
            run.Keeper.VolumesChanged();
        }
    }
}
