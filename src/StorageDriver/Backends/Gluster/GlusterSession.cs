using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>A running pool. Its connection is not its own, and stays; the library mends it, and one that stays lost is exchanged.</summary>
internal sealed class GlusterSession : IPoolSession
{
    /// <summary>Well above the three seconds after which the library tries again.</summary>
    private static readonly TimeSpan LongestLoss = TimeSpan.FromSeconds(20);

    private readonly Lock _lock = new();
    private readonly PoolSource _source;
    private GlusterVolume _volume;

    /// <summary>Ticks; null: it is not lost.</summary>
    private long? _lostSince;

    private GlusterSession(PoolSource source, GlusterPlace place, GlusterVolume volume)
    {
        _source = source;
        Place = place;
        _volume = volume;
    }

    public GlusterPlace Place { get; }

    /// <summary>Connects.</summary>
    /// <exception cref="StorageException">27/18, 67/18: the source; 1/18: the library is missing; 38/18: no connection; 68/18: it takes too long.</exception>
    public static async ValueTask<GlusterSession> OpenAsync(PoolContext pool, CancellationToken cancellation)
    {
        PoolSource source = pool.Definition.Source;
        GlusterPlace place = GlusterPlace.Of(source);
        GlusterCalls.Require();
        return await pool.Threads.RunAsync(
            () =>
            {
                GlusterSession session = new(source, place, GlusterConnection.Open(source, place.Uri));
                session.CheckFolder(pool);
                return session;
            },
            cancellation).ConfigureAwait(false);
    }

    /// <summary>Does something with the gluster volume on the pool's threads.</summary>
    public async ValueTask<T> RunAsync<T>(PoolThreads threads, Func<GlusterVolume, T> work, CancellationToken cancellation) =>
        await threads.RunAsync(() => Run(work), cancellation).ConfigureAwait(false);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static bool IsLoss(int errno) =>
        errno is Errno.NotConnected or Errno.TimedOut or Errno.ConnectionRefused or Errno.NoRoute or Errno.Stale;

    private T Run<T>(Func<GlusterVolume, T> work)
    {
        GlusterVolume volume = Require();
        try
        {
            T result = work(volume);
            Note(isLost: false);
            return result;
        }
        catch (StorageException error) when (IsLoss(error.Errno))
        {
            Note(isLost: true);
            throw;
        }
    }

    /// <summary>One thread looks for another connection, the others wait for it.</summary>
    private GlusterVolume Require()
    {
        lock (_lock)
        {
            if (_lostSince is { } since && Environment.TickCount64 - since > LongestLoss.TotalMilliseconds)
            {
                _lostSince = Environment.TickCount64;
                _volume = GlusterConnection.Open(_source, Place.Uri);
                _lostSince = null;
            }

            return _volume;
        }
    }

    private void Note(bool isLost)
    {
        lock (_lock)
        {
            _lostSince = isLost ? _lostSince ?? Environment.TickCount64 : null;
        }
    }

    /// <summary>With it goes what an earlier run of the server left under construction.</summary>
    private void CheckFolder(PoolContext pool)
    {
        int result = GlusterCalls.OpenFolder(_volume, Place.Folder, out GlusterFolder? folder);
        SystemCall.Check(result, $"cannot open folder '{Place.Folder}' of gluster volume '{Place.Volume}'");
        folder!.Dispose();
        RemotePart.RemoveLeft(pool, part => GlusterCalls.Unlink(_volume, Place.PathOf(part)) is >= 0 or -Errno.NoEntry);
    }
}
