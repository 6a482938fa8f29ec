using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Files;

/// <summary>A folder whose own times tell that names came or went; that a file grew is seen when it is asked about.</summary>
internal sealed class PolledFolder(PoolContext pool, in FileStatus status) : IPoolWatcher
{
    /// <summary>The coarsest times of a file system (vfat), and a second for the clock of another host.</summary>
    private static readonly TimeSpan Coarseness = TimeSpan.FromSeconds(3);

    private readonly Mark _mark = Mark.Of(status);
    private readonly DateTimeOffset _begun = pool.Host.Clock.GetUtcNow();

    public bool IsTold => false;

    /// <summary>A folder that had just changed when the watch began may have changed again without a trace.</summary>
    public ValueTask<bool> CheckAsync(CancellationToken cancellation) =>
        DateTimeOffset.FromUnixTimeSeconds(_mark.Modify.Seconds) + Coarseness < _begun
            ? new ValueTask<bool>(pool.Threads.RunAsync(
                () => FileStatusCalls.Get(pool.Definition.Target!.Path, out FileStatus now) == 0 && Mark.Of(now) == _mark, cancellation))
            : ValueTask.FromResult(false);

    public void Dispose()
    {
    }

    private readonly record struct Mark(ulong Device, ulong Inode, FileTime Modify, FileTime Change)
    {
        public static Mark Of(in FileStatus status) => new(status.Device, status.Inode, status.Modify, status.Change);
    }
}
