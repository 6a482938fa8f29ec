using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Pools;

/// <summary>Deletes, resizes and wipes volumes: each a job on that volume alone, with the gate open for everybody else.</summary>
internal sealed class VolumeChanges(DriverContext driver, PoolScanner scanner)
{
    private readonly DeleteGuard _guard = new(driver);

    /// <summary>
    /// Deletes a volume. A job that makes or wipes it is cancelled and undone first, open streams are aborted; a volume being copied is in use, and
    /// so is one that something else stands on or holds (<see cref="DeleteGuard"/>).
    /// </summary>
    /// <param name="flags">For the backend.</param>
    public async Task DeleteAsync(VolumeReference volume, uint flags, CancellationToken cancellation)
    {
        while (await CancelJobAsync(volume, cancellation).ConfigureAwait(false) is { } job)
        {
            await job.Ended.WaitAsync(cancellation).ConfigureAwait(false);
            if (job.Undone)
            {
                return;
            }
        }

        using var work = await EnterAsync(volume, cancellation).ConfigureAwait(false);
        var backend = work.Run.Backend as IVolumeDeletion ?? throw StorageErrors.NotSupported(work.Run.Backend.Info.Name, "deleting volumes");
        await PerformAsync(work, VolumeJobKind.Delete, async _ =>
        {
            await _guard.CheckAsync(work.Pool, work.Context, work.Entry.Definition).ConfigureAwait(false);
            foreach (var stream in work.Run.FindUse(volume.Name)!.Streams.ToArray())
            {
                await stream.AbortAsync().ConfigureAwait(false);
            }

            return await backend.DeleteAsync(work.Context, work.Entry.Definition, flags, CancellationToken.None).ConfigureAwait(false) with { Volume = null };
        }).ConfigureAwait(false);
    }

    public async Task ResizeAsync(VolumeReference volume, ulong capacity, ResizeFlags flags, CancellationToken cancellation)
    {
        using var work = await EnterAsync(volume, cancellation).ConfigureAwait(false);
        var (definition, type) = (work.Entry.Definition, work.Run.Backend.Info.Name);
        bool follows = (work.Run.Backend as IVolumeResizing)?.AllocationFollows(definition) ?? false;
        ulong target = VolumeSizes.ResizeTarget(definition, capacity, flags, work.State.Definition, follows);
        var backend = work.Run.Backend as IVolumeResizing ?? throw StorageErrors.NotSupported(type, "changing the capacity of volumes");
        if (target == definition.Capacity && !flags.HasFlag(ResizeFlags.Allocate))
        {
            return;
        }

        await PerformAsync(work, VolumeJobKind.Resize, async _ =>
        {
            var rest = (uint)(flags & ~ResizeFlags.Delta);
            await backend.ResizeAsync(work.Context, definition, target, rest, CancellationToken.None).ConfigureAwait(false);
            var resized = definition with { Capacity = target, Allocation = flags.HasFlag(ResizeFlags.Allocate) ? target : definition.Allocation };
            return new VolumeChange(await RefreshedAsync(work, resized).ConfigureAwait(false));
        }).ConfigureAwait(false);
    }

    public async Task WipeAsync(VolumeReference volume, uint algorithm, CancellationToken cancellation)
    {
        using var work = await EnterAsync(volume, cancellation).ConfigureAwait(false);
        var definition = work.Entry.Definition;
        var backend = work.Run.Backend as IVolumeWiping ?? throw StorageErrors.NotSupported(work.Run.Backend.Info.Name, "wiping volumes");
        await PerformAsync(work, VolumeJobKind.Wipe, async job =>
        {
            await job.StepAsync(token => backend.WipeAsync(work.Context, definition, algorithm, job.Progress, token)).ConfigureAwait(false);
            return new VolumeChange(await RefreshedAsync(work, definition).ConfigureAwait(false));
        }).ConfigureAwait(false);
    }

    /// <summary>Cancels the job that makes or wipes the volume; null when there is none.</summary>
    private async ValueTask<VolumeJob?> CancelJobAsync(VolumeReference volume, CancellationToken cancellation)
    {
        var pool = driver.Registry.Require(volume.Pool);
        using var gate = await VolumeGate.EnterAsync(pool, volume.Name, cancellation).ConfigureAwait(false);
        var run = pool.State.RequireActive();
        if (run.FindUse(volume.Name) is not { } use)
        {
            return null;
        }

        if (use.Readers > 0)
        {
            throw StorageErrors.VolumeInUse(volume.Name);
        }

        use.Job?.Cancel();
        return use.Job;
    }

    /// <summary>Takes a volume for a change, after libvirt's checks in libvirt's order.</summary>
    private async ValueTask<Work> EnterAsync(VolumeReference volume, CancellationToken cancellation)
    {
        var pool = driver.Registry.Require(volume.Pool);
        pool.State.RequireActive();
        await scanner.EnsureAccessibleAsync(pool, cancellation).ConfigureAwait(false);
        var gate = await VolumeGate.EnterAsync(pool, volume.Name, cancellation).ConfigureAwait(false);
        try
        {
            var state = pool.State;
            var run = state.RequireChangeable();
            var entry = state.RequireVolume(volume.Name);
            if (run.FindUse(volume.Name) is { InUse: true })
            {
                throw StorageErrors.VolumeInUse(volume.Name);
            }

            return entry.Building is null ? new Work(pool, state, run, entry, gate) : throw StorageErrors.VolumeBuilding(volume.Name);
        }
        catch
        {
            gate.Dispose();
            throw;
        }
    }

    /// <summary>Runs the long part of a change, with the gate open unless it alters other volumes, and publishes its outcome.</summary>
    private async Task PerformAsync(Work work, VolumeJobKind kind, Func<VolumeJob, ValueTask<VolumeChange>> step)
    {
        var name = work.Entry.Name;
        using var job = new VolumeJob(kind, name);
        work.Run.Use(name).Job = job;
        VolumeChange? change = null;
        PoolNumbers? numbers = null;
        try
        {
            if (kind == VolumeJobKind.Wipe || !work.Run.Backend.Info.SerialisesChanges)
            {
                work.Gate.Open();
            }

            change = await step(job).ConfigureAwait(false);
            numbers = await PoolScanner.NumbersAsync(work.Pool, work.State).ConfigureAwait(false);
        }
        finally
        {
            await work.Gate.CloseAsync().ConfigureAwait(false);
            work.Run.Use(name).Job = null;
            work.Run.Release(name);
            if (change is not null)
            {
                Publish(work, change, numbers);
            }
        }

        if (work.Run.Backend.Info.SerialisesChanges)
        {
            work.Gate.Open();
            await scanner.SettleAsync(work.Pool, work.Run).ConfigureAwait(false);
        }
    }

    /// <summary>What the whole pool was found to be afterwards decides also whether the name is gone: another volume may have it now.</summary>
    private static void Publish(Work work, VolumeChange change, PoolNumbers? numbers)
    {
        var (pool, name) = (work.Pool, work.Entry.Name);
        var state = pool.State;
        var volumes = change.Contents is null
            ? state.Volumes.Change()
            : ScanMerge.Merge(state.Volumes, change.Contents, pool.Changes, long.MaxValue);
        if (change.Volume is not null)
        {
            volumes.Set(new VolumeEntry(new ScannedVolume(change.Volume), pool.Changes.Next()));
        }
        else if (change.Contents is null)
        {
            volumes.Remove(name);
            pool.Changes.Deleted(name);
        }

        long growth = (long)(change.Volume?.Allocation ?? 0) - (long)work.Entry.Definition.Allocation;
        pool.Publish(
            change.Contents is { } found ? state with { Definition = PoolState.Describe(state.Definition, found) } : state.WithNumbers(numbers, growth),
            volumes);
        if (change.Volume is null)
        {
            work.Run.Keeper.VolumesChanged();
        }
    }

    /// <summary>The volume as the backend now describes it; as expected where it cannot say.</summary>
    private static async ValueTask<VolumeDefinition> RefreshedAsync(Work work, VolumeDefinition expected) =>
        work.Run.Backend is IVolumeRefresh backend
        && await backend.RefreshVolumeAsync(work.Context, work.Entry.Definition, CancellationToken.None).ConfigureAwait(false) is { } scanned
            ? scanned.Described
            : expected;

    /// <summary>A volume taken for a change.</summary>
    private sealed record Work(StoragePool Pool, PoolState State, PoolRun Run, VolumeEntry Entry, VolumeGate Gate) : IDisposable
    {
        public PoolContext Context { get; } = Pool.Context(State);

        public void Dispose() => Gate.Dispose();
    }
}
