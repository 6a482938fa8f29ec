using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Backends.Zfs;

/// <summary>Makes volumes: empty, as copies, and within a zpool as clones that share what they have in common with their source.</summary>
internal static class ZfsCreation
{
    /// <summary>For udev's link to a new device.</summary>
    private static readonly TimeSpan DeviceWait = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>What is made is destroyed when the caller leaves meanwhile.</summary>
    public static async ValueTask MakeAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation)
    {
        string dataset = ZfsNames.Volume(pool.Definition, volume.Name);
        Command command = ZfsCommands.Make(dataset, volume.Capacity, Math.Min(volume.Allocation, volume.Capacity));
        await using Undo undo = NewUndo(pool);

        // A tool that was killed may have made the volume all the same; one that failed did not, or there was one of that name.
        undo.Add(() => TryAsync(pool, ZfsCommands.Delete(dataset, withSnapshots: false)));
        try
        {
            await pool.Host.RunAsync(command, cancellation).ConfigureAwait(false);
        }
        catch (StorageException error) when (error.Code != StorageErrorCode.OperationTimeout)
        {
            undo.Commit();
            throw;
        }

        await WaitAsync(pool, volume.Target.Path!, cancellation).ConfigureAwait(false);
        undo.Commit();
    }

    public static bool IsSameZpool(PoolContext pool, VolumeSource source) =>
        source is { Backend: ZfsBackend, Volume.Kind: VolumeKind.Block }
        && ZfsNames.Zpool(ZfsNames.Dataset(pool.Definition)) == ZfsNames.Zpool(ZfsNames.Dataset(source.Pool.Definition));

    /// <summary>Clones a snapshot, which goes when the clone does.</summary>
    public static async ValueTask CloneAsync(PoolContext pool, VolumeDefinition volume, VolumeSource source, CancellationToken cancellation)
    {
        string dataset = ZfsNames.Volume(pool.Definition, volume.Name);
        string snapshot = $"{ZfsNames.Volume(source.Pool.Definition, source.Volume.Name)}@cistern-{Guid.NewGuid():N}";
        await using Undo undo = NewUndo(pool);
        undo.Add(() => TryAsync(pool, ZfsCommands.Release(snapshot)));

        // Both take no time; a tool that was killed would leave it open what it did.
        await pool.Host.RunAsync(ZfsCommands.Snapshot(snapshot), CancellationToken.None).ConfigureAwait(false);
        await pool.Host.RunAsync(ZfsCommands.Clone(snapshot, dataset), CancellationToken.None).ConfigureAwait(false);
        undo.Add(() => TryAsync(pool, ZfsCommands.Delete(dataset, withSnapshots: false)));
        ulong? reservation = volume.Allocation >= volume.Capacity ? ulong.MaxValue : volume.Allocation == 0 ? null : volume.Allocation;
        if (volume.Capacity > source.Volume.Capacity)
        {
            await SetSizeAsync(pool, dataset, volume.Capacity, reservation, cancellation).ConfigureAwait(false);
        }
        else if (reservation is not null)
        {
            await pool.Host.RunAsync(ZfsCommands.Set(dataset, capacity: null, reservation), cancellation).ConfigureAwait(false);
        }

        await WaitAsync(pool, volume.Target.Path!, cancellation).ConfigureAwait(false);
        await pool.Host.RunAsync(ZfsCommands.Release(snapshot), cancellation).ConfigureAwait(false);
        undo.Commit();
    }

    public static async ValueTask CopyAsync(
        IVolumeData backend, PoolContext pool, VolumeDefinition volume, VolumeSource source, JobProgress progress, CancellationToken cancellation)
    {
        await MakeAsync(pool, volume, cancellation).ConfigureAwait(false);
        await using Undo undo = NewUndo(pool);
        undo.Add(() => TryAsync(pool, ZfsCommands.Delete(ZfsNames.Volume(pool.Definition, volume.Name), withSnapshots: false)));
        await BlockClone.FillAsync(backend, pool, volume, source, readsZeros: true, progress, cancellation).ConfigureAwait(false);
        undo.Commit();
    }

    /// <param name="reservation">As for <see cref="ZfsCommands.Set"/>.</param>
    public static async ValueTask SetSizeAsync(PoolContext pool, string dataset, ulong capacity, ulong? reservation, CancellationToken cancellation)
    {
        ulong block = ZfsOutput.BlockSize(await pool.Host.RunAsync(ZfsCommands.BlockSize(dataset), cancellation).ConfigureAwait(false));
        ulong whole = checked((capacity + block - 1) / block * block);
        await pool.Host.RunAsync(ZfsCommands.Set(dataset, whole, reservation), cancellation).ConfigureAwait(false);
    }

    /// <summary>A device without a link is no failure: the volume is there, and udev may be late or have no rule for it.</summary>
    private static async ValueTask WaitAsync(PoolContext pool, string path, CancellationToken cancellation)
    {
        TimeProvider clock = pool.Host.Clock;
        long begun = clock.GetTimestamp();
        while (await pool.Threads.RunAsync(() => FileStatusCalls.Get(path, out _) != 0, cancellation).ConfigureAwait(false)
            && clock.GetElapsedTime(begun) < DeviceWait)
        {
            await Task.Delay(LookEvery, clock, cancellation).ConfigureAwait(false);
        }
    }

    private static async ValueTask TryAsync(PoolContext pool, Command command) =>
        await pool.Host.Commands.RunAsync(command, CancellationToken.None).ConfigureAwait(false);

    private static Undo NewUndo(PoolContext pool) => new(pool.Host.Loggers.CreateLogger<ZfsBackend>());
}
