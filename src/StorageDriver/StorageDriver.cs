using Cistern.Storage.Pools;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage;

/// <summary>
/// The storage driver: one method per use case. Reads are lock-free looks at published snapshots and complete at once where they can;
/// no method blocks before its first await. Every failure that a client caused or can act on is a <see cref="Errors.StorageException"/>.
/// </summary>
public sealed partial class StorageDriver : IAsyncDisposable
{
    /// <summary>Takes the lock of the run folder, loads state and configuration, checks which pools are up, and starts the autostart ones.</summary>
    public static Task<StorageDriver> OpenAsync(StorageDriverOptions options, ILoggerFactory loggers, CancellationToken cancellation) =>
        throw new NotImplementedException();

    /// <summary>Calls <paramref name="listener"/> for every event from now on, in the order of publishing per pool, one call at a time; it must not block.</summary>
    public IDisposable Subscribe(Action<PoolEvent> listener) => throw new NotImplementedException();

    /// <summary>Ends jobs and releases the lock. Pools stay up, as libvirt's do.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
