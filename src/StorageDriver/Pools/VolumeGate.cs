namespace Cistern.Storage.Pools;

/// <summary>
/// A pool's gate, held for a change of one volume at a moment when no short job has that volume. <see cref="Open"/> opens it for the long part
/// of the work.
/// </summary>
internal sealed class VolumeGate : IDisposable
{
    private readonly StoragePool _pool;
    private PoolGate.Hold? _hold;

    private VolumeGate(StoragePool pool, PoolGate.Hold hold)
    {
        _pool = pool;
        _hold = hold;
    }

    public static async ValueTask<VolumeGate> EnterAsync(StoragePool pool, string volume, CancellationToken cancellation)
    {
        while (true)
        {
            var hold = await pool.EnterAsync(cancellation).ConfigureAwait(false);
            if (ShortJob(pool, volume) is not { } job)
            {
                return new VolumeGate(pool, hold);
            }

            hold.Dispose();
            await job.Ended.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>As <see cref="EnterAsync"/> for two pools' volumes, entered in the order of their uuids; the same gate twice is entered once.</summary>
    public static async ValueTask<(VolumeGate Target, PoolGate.Hold Source)> EnterBothAsync(
        StoragePool target, string volume, StoragePool source, string sourceVolume, CancellationToken cancellation)
    {
        bool targetFirst = target.Uuid.CompareTo(source.Uuid) <= 0;
        while (true)
        {
            var first = await (targetFirst ? target : source).EnterAsync(cancellation).ConfigureAwait(false);
            PoolGate.Hold second = default;
            try
            {
                if (target != source)
                {
                    second = await (targetFirst ? source : target).EnterAsync(cancellation).ConfigureAwait(false);
                }
            }
            catch
            {
                first.Dispose();
                throw;
            }

            if ((ShortJob(target, volume) ?? ShortJob(source, sourceVolume)) is not { } job)
            {
                return (new VolumeGate(target, targetFirst ? first : second), targetFirst ? second : first);
            }

            second.Dispose();
            first.Dispose();
            await job.Ended.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    public void Open() => Dispose();

    /// <summary>Closes what <see cref="Open"/> opened.</summary>
    public async ValueTask CloseAsync() => _hold ??= await _pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);

    public void Dispose()
    {
        _hold?.Dispose();
        _hold = null;
    }

    private static VolumeJob? ShortJob(StoragePool pool, string volume) =>
        pool.State.Run?.FindUse(volume)?.Job is { BlocksPool: false } job ? job : null;
}
