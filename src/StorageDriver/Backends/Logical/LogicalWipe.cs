using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Logical;

/// <summary>
/// Overwrites logical volumes so that nothing runs out of space. Of a volume that takes space as it is written to only what it has is overwritten:
/// where it differs from what it stands on, it must have space.
/// </summary>
internal static class LogicalWipe
{
    private const uint Zero = 0;
    private const uint Trim = 9;

    public delegate ValueTask Whole(PoolContext pool, VolumeDefinition volume, uint algorithm, JobProgress progress, CancellationToken cancellation);

    /// <param name="whole">Overwrites all of a device.</param>
    /// <exception cref="StorageException">74/18: an algorithm that overwrites everything; 9/18: a snapshot or thin pool has not the space.</exception>
    public static async ValueTask RunAsync(
        PoolContext pool, VolumeDefinition volume, uint algorithm, JobProgress progress, Whole whole, CancellationToken cancellation)
    {
        VolumeGroup group = await LogicalScan.ReportAsync(pool, cancellation).ConfigureAwait(false);
        LogicalVolume found = group.Find(volume.Name) ?? throw StorageErrors.NoVolume(volume.Name);
        RequireRoomInSnapshots(group, volume);
        if (!(found.IsThin || found.IsSnapshot) || algorithm == Trim)
        {
            await whole(pool, volume, algorithm, progress, cancellation).ConfigureAwait(false);
            return;
        }

        if (algorithm != Zero)
        {
            throw StorageErrors.SparseWipeAlgorithm(volume.Name);
        }

        string? origin = found.Origin is { } name && found.IsSnapshot ? $"{pool.Definition.Target!.Path}/{name}" : null;
        LogicalVolume? thinPool = found.ThinPool is null ? null : group.Find(found.ThinPool);
        SparseWipe wipe = await pool.Threads.RunAsync(() => SparseWipe.Open(volume.Target.Path!, origin, thinPool?.ChunkSize ?? 0), cancellation)
            .ConfigureAwait(false);
        using (wipe)
        {
            await OverwriteAsync(pool, volume, found, thinPool, wipe, progress, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>What a thin volume shares with others is copied when it is written to, and given back at once.</summary>
    private static async ValueTask OverwriteAsync(
        PoolContext pool,
        VolumeDefinition volume,
        LogicalVolume found,
        LogicalVolume? thinPool,
        SparseWipe wipe,
        JobProgress progress,
        CancellationToken cancellation)
    {
        if (thinPool is not null)
        {
            RequireRoom(volume, thinPool, 2 * (ulong)wipe.StepSize);
        }

        bool discards = thinPool is not null;
        while (await pool.Threads.RunAsync(wipe.Overwrite, cancellation).ConfigureAwait(false))
        {
            if (discards && !await pool.Threads.RunAsync(wipe.TryDiscard, cancellation).ConfigureAwait(false))
            {
                discards = false;
                RequireRoom(volume, thinPool!, found.Taken);
            }

            progress.Allocated = (ulong)wipe.Position;
        }

        await pool.Threads.RunAsync(wipe.Synchronise, cancellation).ConfigureAwait(false);
    }

    private static void RequireRoom(VolumeDefinition volume, LogicalVolume thinPool, ulong needed)
    {
        if (thinPool.Room < needed)
        {
            throw StorageErrors.WipeWouldOverflow(volume.Name, thinPool.Name, needed, thinPool.Room);
        }
    }

    /// <summary>A snapshot keeps what is overwritten in its origin, with an index of it, in a space that may be smaller.</summary>
    private static void RequireRoomInSnapshots(VolumeGroup group, VolumeDefinition volume)
    {
        const ulong Index = 128;
        ulong needed = volume.Capacity + (volume.Capacity / Index) + (1024 * 1024);
        if (group.Volumes.FirstOrDefault(other => other.IsSnapshot && other.Origin == volume.Name && other.IsActive && other.Size < needed) is { } snapshot)
        {
            throw StorageErrors.WipeWouldOverflow(volume.Name, snapshot.Name, needed, snapshot.Size);
        }
    }
}
