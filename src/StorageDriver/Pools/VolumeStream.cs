using Cistern.Storage.Backends;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Pools;

/// <summary>An open upload or download, as the pool sees it: something that a stop of the pool or a deletion of the volume ends.</summary>
#pragma warning disable CA1001 // A token source without a timer holds nothing to dispose of.
internal sealed class VolumeStream(StoragePool pool, PoolRun run, string volume)
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _aborted = new();
    private IVolumeExtents? _extents;
    private int _closed;

    public bool IsUpload { get; init; }

    public CancellationToken Aborted => _aborted.Token;

    public StoragePool Pool => pool;

    public PoolRun Run => run;

    public string Volume => volume;

    /// <summary>What is read or written.</summary>
    /// <exception cref="StorageException">78/18: the stream was aborted.</exception>
    public IVolumeExtents Extents => Volatile.Read(ref _extents) ?? throw StorageErrors.VolumeJobAborted(volume);

    /// <summary>Opens the volume of a stream that is registered as a use of it already; on failure it is no longer.</summary>
    public async ValueTask OpenAsync(Func<CancellationToken, ValueTask<IVolumeExtents>> open)
    {
        try
        {
            Volatile.Write(ref _extents, await open(Aborted).ConfigureAwait(false));
            if (Aborted.IsCancellationRequested)
            {
                throw StorageErrors.VolumeJobAborted(volume);
            }
        }
        catch (Exception error)
        {
            await CloseAsync().ConfigureAwait(false);
            if (error is OperationCanceledException)
            {
                throw StorageErrors.VolumeJobAborted(volume);
            }

            throw;
        }
    }

    /// <summary>Runs one operation of the stream; one that an abort ends fails with 78/18.</summary>
    public async ValueTask<T> RunAsync<T>(Func<IVolumeExtents, ValueTask<T>> operation)
    {
        try
        {
            return await operation(Extents).ConfigureAwait(false);
        }
        catch (Exception error) when (Aborted.IsCancellationRequested && error is not StorageException { Code: StorageErrorCode.OperationAborted })
        {
            throw StorageErrors.VolumeJobAborted(volume);
        }
    }

    /// <summary>Ends the stream from outside; whoever holds it still closes it.</summary>
    public async ValueTask AbortAsync()
    {
        await _aborted.CancelAsync().ConfigureAwait(false);
        await ReleaseExtentsAsync().ConfigureAwait(false);
    }

    /// <summary>Ends the use of the volume. False when that was done before.</summary>
    public async ValueTask<bool> CloseAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return false;
        }

        await ReleaseExtentsAsync().ConfigureAwait(false);
        using var hold = await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
        run.FindUse(volume)?.Streams.Remove(this);
        run.Release(volume);
        return true;
    }

    private ValueTask ReleaseExtentsAsync() => Interlocked.Exchange(ref _extents, null)?.DisposeAsync() ?? ValueTask.CompletedTask;
}
