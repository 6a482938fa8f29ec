using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;
using Cistern.Storage.Persistence;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>
/// A volume's file under construction, under a temporary name in the pool's folder. It gets its own at the end, whole, and never takes that of a file
/// that exists. Disposed of before that, nothing is left of it; what a killed server leaves goes when the pool is next started.
/// </summary>
internal sealed class NewGlusterFile : IAsyncDisposable, IImageTarget
{
    private readonly GlusterSession _session;
    private readonly PoolThreads _threads;
    private readonly string _path;
    private readonly string _part;
    private readonly string _name;
    private readonly GlusterFile _file;
    private readonly BuildRecord _record;
    private bool _ended;

    private NewGlusterFile(GlusterSession session, PoolThreads threads, string name, string part, GlusterFile file, BuildRecord record)
    {
        _session = session;
        _threads = threads;
        _name = name;
        _path = session.Place.UriOf(name);
        _part = part;
        _file = file;
        _record = record;
        Data = new GlusterData(file, _path);
    }

    /// <summary>The whole file, empty at first.</summary>
    public GlusterData Data { get; }

    /// <exception cref="StorageException">38/18.</exception>
    public static async ValueTask<NewGlusterFile> CreateAsync(
        PoolContext pool, GlusterSession session, VolumeDefinition volume, CancellationToken cancellation)
    {
        string name = RemotePart.Name(pool, volume.Name);
        string part = session.Place.PathOf(name);
        string path = session.Place.UriOf(volume.Name);
        return await session.RunAsync(
            pool.Threads,
            gluster =>
            {
                BuildRecord record = RemotePart.Record(pool, name);
                GlusterFile? file = null;
                try
                {
                    int result = GlusterCalls.Create(gluster, part, FileOwnership.DefaultVolumeMode, out file);
                    SystemCall.Check(result, $"cannot create file '{path}'");
                    SetOwnership(file!, volume.Target.Permissions, path);
                    return new NewGlusterFile(session, pool.Threads, volume.Name, part, file!, record);
                }
                catch
                {
                    file?.Dispose();
                    Remove(gluster, part, record);
                    throw;
                }
            },
            cancellation).ConfigureAwait(false);
    }

    /// <summary>A part of the file, open until the file is closed.</summary>
    public GlusterData Part(long start, long length) => new(_file, _path, start, length);

    public void SetLength(long length) => Data.SetLength(length);

    void IImageTarget.Write(ReadOnlySpan<byte> data, long offset) => Data.Write(offset, data);

    /// <summary>Gives the file its name, durably.</summary>
    /// <exception cref="StorageException">55/18: there is a file of that name; 38/18.</exception>
    public async ValueTask PublishAsync(CancellationToken cancellation)
    {
        string path = _session.Place.PathOf(_name);
        await _threads.RunAsync(Data.Flush, cancellation).ConfigureAwait(false);
        await _session.RunAsync(
            _threads,
            gluster =>
            {
                int result = GlusterCalls.Link(gluster, _part, path);
                if (result == -Errno.Exists)
                {
                    throw StorageErrors.VolumePathExists(_path);
                }

                SystemCall.Check(result, $"cannot create file '{_path}'");
                _ended = true;
                _file.Dispose();
                return Remove(gluster, _part, _record);
            },
            cancellation).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        try
        {
            await _session.RunAsync(
                _threads,
                gluster =>
                {
                    _file.Dispose();
                    return Remove(gluster, _part, _record);
                },
                CancellationToken.None).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // The servers do not answer: what led here is reported, and the next start removes the file.
        }
    }

    private static bool Remove(GlusterVolume gluster, string part, BuildRecord record)
    {
        bool isGone = GlusterCalls.Unlink(gluster, part) is >= 0 or -Errno.NoEntry;
        if (isGone)
        {
            record.Dispose();
        }

        return isGone;
    }

    private static void SetOwnership(GlusterFile file, Permissions? asked, string path)
    {
        if (asked is { Owner: not null } or { Group: not null })
        {
            SystemCall.Check(GlusterCalls.SetOwner(file, asked.Owner ?? uint.MaxValue, asked.Group ?? uint.MaxValue), $"cannot chown '{path}'");
        }

        if (asked?.Mode is { } mode)
        {
            SystemCall.Check(GlusterCalls.SetMode(file, mode), $"cannot set mode of '{path}'");
        }
    }
}
