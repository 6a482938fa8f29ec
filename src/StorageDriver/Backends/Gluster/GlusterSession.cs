using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>A running pool. Its connection is not its own, and stays.</summary>
internal sealed class GlusterSession : IPoolSession
{
    private readonly GlusterVolume _volume;

    private GlusterSession(GlusterPlace place, GlusterVolume volume)
    {
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
                GlusterSession session = new(place, GlusterConnection.Open(source, place.Uri));
                session.CheckFolder(pool);
                return session;
            },
            cancellation).ConfigureAwait(false);
    }

    /// <summary>Does something with the gluster volume on the pool's threads.</summary>
    public async ValueTask<T> RunAsync<T>(PoolThreads threads, Func<GlusterVolume, T> work, CancellationToken cancellation) =>
        await threads.RunAsync(() => work(_volume), cancellation).ConfigureAwait(false);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>With it goes what an earlier run of the server left under construction.</summary>
    private void CheckFolder(PoolContext pool)
    {
        int result = GlusterCalls.OpenFolder(_volume, Place.Folder, out GlusterFolder? folder);
        SystemCall.Check(result, $"cannot open folder '{Place.Folder}' of gluster volume '{Place.Volume}'");
        folder!.Dispose();
        RemotePart.RemoveLeft(pool, part => GlusterCalls.Unlink(_volume, Place.PathOf(part)) is >= 0 or -Errno.NoEntry);
    }
}
