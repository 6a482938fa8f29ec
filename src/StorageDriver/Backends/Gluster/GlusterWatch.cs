using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>A folder whose own times tell that names came or went; that a file grew is seen when it is asked about.</summary>
internal sealed class GlusterWatch : IPoolWatcher
{
    /// <summary>A second for clocks that differ.</summary>
    private static readonly TimeSpan Coarseness = TimeSpan.FromSeconds(3);

    private readonly PoolContext _pool;
    private readonly GlusterSession _session;
    private readonly (FileTime Modify, FileTime Change) _mark;
    private readonly bool _isSettled;

    private GlusterWatch(PoolContext pool, GlusterSession session, (FileTime Modify, FileTime Change) mark)
    {
        _pool = pool;
        _session = session;
        _mark = mark;
        _isSettled = DateTimeOffset.FromUnixTimeSeconds(mark.Modify.Seconds) + Coarseness < pool.Host.Clock.GetUtcNow();
    }

    public bool IsTold => false;

    public static async ValueTask<GlusterWatch> StartAsync(PoolContext pool, GlusterSession session, CancellationToken cancellation) =>
        new(pool, session, await LookAsync(pool, session, cancellation).ConfigureAwait(false));

    /// <summary>A folder that had just changed when the watch began may have changed again without a trace.</summary>
    public async ValueTask<bool> CheckAsync(CancellationToken cancellation) =>
        _isSettled && await LookAsync(_pool, _session, cancellation).ConfigureAwait(false) == _mark;

    public void Dispose()
    {
        // Nothing is held.
    }

    private static ValueTask<(FileTime Modify, FileTime Change)> LookAsync(PoolContext pool, GlusterSession session, CancellationToken cancellation) =>
        session.RunAsync(
            pool.Threads,
            volume =>
            {
                SystemCall.Check(GlusterCalls.GetStatus(volume, session.Place.Folder, out GlusterStatus status), $"cannot stat '{session.Place.Uri}'");
                return (status.Modify, status.Change);
            },
            cancellation);
}
