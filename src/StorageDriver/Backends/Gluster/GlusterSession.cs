using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>
/// A running pool: its connection to the gluster volume, which takes seconds to make and is kept. The library mends it when servers come back; one
/// whose volume is lost is given up all the same, since it may have been made anew.
/// </summary>
internal sealed class GlusterSession : IPoolSession
{
    private readonly Lock _lock = new();
    private readonly PoolSource _source;
    private readonly string _instance;
    private GlusterVolume? _volume;
    private bool _isCleanedUp;
    private bool _isClosed;

    private GlusterSession(GlusterPlace place, PoolSource source, string instance)
    {
        Place = place;
        _source = source;
        _instance = instance;
    }

    public GlusterPlace Place { get; }

    /// <summary>Connects.</summary>
    /// <exception cref="StorageException">27/18, 67/18: the source; 1/18: the library is missing; 38/18: no connection; 68/18: it takes too long.</exception>
    public static async ValueTask<GlusterSession> OpenAsync(PoolContext pool, CancellationToken cancellation)
    {
        PoolSource source = pool.Definition.Source;
        GlusterSession session = new(GlusterPlace.Of(source), source, pool.Host.InstanceId);
        GlusterCalls.Require();
        try
        {
            await session.RunAsync(pool.Threads, session.CheckFolder, cancellation).ConfigureAwait(false);
            return session;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Does something with the gluster volume on the pool's threads, connected anew if it had been lost.</summary>
    public async ValueTask<T> RunAsync<T>(PoolThreads threads, Func<GlusterVolume, T> work, CancellationToken cancellation) =>
        await threads.RunAsync(() => Run(work), cancellation).ConfigureAwait(false);

    /// <summary>Does not wait for a connection that is being made.</summary>
    public ValueTask DisposeAsync()
    {
        new Thread(Close) { IsBackground = true, Name = "gluster close" }.Start();
        return ValueTask.CompletedTask;
    }

    private static bool IsLoss(int errno) =>
        errno is Errno.NotConnected or Errno.TimedOut or Errno.ConnectionRefused or Errno.NoRoute or Errno.Stale;

    private void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _volume?.Dispose();
            _volume = null;
        }
    }

    private T Run<T>(Func<GlusterVolume, T> work)
    {
        GlusterVolume volume = Require();
        try
        {
            return work(volume);
        }
        catch (StorageException error) when (IsLoss(error.Errno))
        {
            Lose(volume);
            throw;
        }
    }

    /// <summary>One thread connects, the others wait for it.</summary>
    private GlusterVolume Require()
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                throw StorageErrors.GlusterNotConnected(Errno.NotConnected, Place.Uri);
            }

            return _volume ??= Connect();
        }
    }

    private void Lose(GlusterVolume volume)
    {
        lock (_lock)
        {
            if (_volume == volume)
            {
                _volume = null;
                volume.Dispose();
            }
        }
    }

    private GlusterVolume Connect()
    {
        GlusterVolume volume = GlusterCalls.New(Place.Volume);
        try
        {
            if (volume.IsInvalid)
            {
                throw StorageErrors.GlusterNotConnected(Errno.NoMemory, Place.Uri);
            }

            GlusterCalls.Silence(volume);
            foreach (SourceHost host in _source.Hosts)
            {
                int added = GlusterCalls.AddServer(volume, host.Name, host.Port);
                if (added < 0)
                {
                    throw StorageErrors.GlusterNotConnected(-added, Place.Uri);
                }
            }

            int result = GlusterCalls.Connect(volume);
            return result == 0 ? volume : throw StorageErrors.GlusterNotConnected(-result, Place.Uri);
        }
        catch
        {
            volume.Dispose();
            throw;
        }
    }

    /// <summary>The first time, with it goes what an earlier run of the server left under construction.</summary>
    private bool CheckFolder(GlusterVolume volume)
    {
        int result = GlusterCalls.OpenFolder(volume, Place.Folder, out GlusterFolder? folder);
        SystemCall.Check(result, $"cannot open folder '{Place.Folder}' of gluster volume '{Place.Volume}'");
        using (folder)
        {
            while (!_isCleanedUp && GlusterCalls.ReadFolder(folder!, out byte[] entry, out _) > 0)
            {
                string name = System.Text.Encoding.UTF8.GetString(entry);
                if (FileNames.IsPartOf(name, _instance))
                {
                    _ = GlusterCalls.Unlink(volume, Place.PathOf(name));
                }
            }

            return _isCleanedUp = true;
        }
    }
}
