using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>A folder of a gluster volume, reached by gluster's library: nothing is mounted.</summary>
public sealed class GlusterBackend :
    IStorageBackend, IPoolActivation, IPoolNumbers, IPoolWatch, IVolumeRefresh, IVolumeCreation, IVolumeCloning, IVolumeDeletion, IVolumeResizing,
    IVolumeData, IVolumeWiping, ISourceDiscovery
{
    private const uint Zero = 0;
    private const uint Trim = 9;
    private const long TrimStep = 1L << 30;

    public PoolTypeInfo Info => GlusterPoolType.Info;

    /// <summary>Called for pools that ran before; whether the volume is still there is for the connection to find.</summary>
    public ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.FromResult(true);

    public ValueTask<IPoolSession?> ResumeAsync(PoolContext pool, CancellationToken cancellation) => StartAsync(pool, cancellation);

    /// <exception cref="StorageException">27/18, 67/18: the source; 1/18: the library is missing; 38/18: the volume cannot be reached.</exception>
    public async ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation) =>
        await GlusterSession.OpenAsync(pool, cancellation).ConfigureAwait(false);

    public ValueTask StopAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <summary>Looks at several files at once, and only at those that changed since they were known.</summary>
    public async ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation)
    {
        GlusterSession session = Session(pool);
        var entries = await session.RunAsync(pool.Threads, volume => GlusterScan.List(volume, session.Place), cancellation).ConfigureAwait(false);
        List<ScannedVolume> volumes = new(entries.Count);
        ParallelOptions options = new() { MaxDegreeOfParallelism = PoolThreads.Limit - 1, CancellationToken = cancellation };
        await Parallel.ForEachAsync(entries, options, async (entry, token) =>
        {
            ScannedVolume? found = await session.RunAsync(
                pool.Threads,
                volume => GlusterScan.Describe(volume, session.Place, entry.Name, entry.Status, pool.Known(entry.Name), pool.Host.Clock),
                token).ConfigureAwait(false);
            if (found is not null)
            {
                lock (volumes)
                {
                    volumes.Add(found);
                }
            }
        }).ConfigureAwait(false);
        return new PoolContents(await GetNumbersAsync(pool, cancellation).ConfigureAwait(false), volumes);
    }

    public ValueTask<PoolNumbers> GetNumbersAsync(PoolContext pool, CancellationToken cancellation) =>
        RunAsync(pool, (volume, place) => GlusterScan.Numbers(volume, place), cancellation);

    public async ValueTask<IPoolWatcher> WatchAsync(PoolContext pool, IPoolChanges changes, CancellationToken cancellation) =>
        await GlusterWatch.StartAsync(pool, Session(pool), cancellation).ConfigureAwait(false);

    public ValueTask<ScannedVolume?> RefreshVolumeAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation) =>
        FindVolumeAsync(pool, volume.Name, cancellation);

    public ValueTask<ScannedVolume?> FindVolumeAsync(PoolContext pool, string name, CancellationToken cancellation) =>
        RunAsync(pool, (volume, place) => GlusterScan.Find(volume, place, name, pool.Known(name), pool.Host.Clock), cancellation);

    public async ValueTask<VolumeChange> AllocateAsync(PoolContext pool, VolumeDefinition request, uint flags, CancellationToken cancellation) =>
        new(await GlusterCreation.AllocateAsync(pool, Session(pool), request, flags, cancellation).ConfigureAwait(false));

    public ValueTask BuildAsync(PoolContext pool, VolumeDefinition volume, uint flags, JobProgress progress, CancellationToken cancellation) =>
        GlusterCreation.BuildAsync(pool, Session(pool), volume, flags, progress, cancellation);

    public ValueTask BuildFromAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation) =>
        GlusterClone.BuildAsync(pool, Session(pool), volume, source, progress, cancellation);

    /// <exception cref="StorageException">8/18: flags; 38/18: for example a folder that is not empty.</exception>
    public ValueTask<VolumeChange> DeleteAsync(PoolContext pool, VolumeDefinition volume, uint flags, CancellationToken cancellation) =>
        flags != 0
            ? ValueTask.FromException<VolumeChange>(StorageErrors.UnsupportedFlags(flags, "deletion of a volume"))
            : RunAsync(
                pool,
                (gluster, place) =>
                {
                    string path = place.PathOf(volume.Name);
                    int result = volume.Kind == VolumeKind.NetDir ? GlusterCalls.RemoveFolder(gluster, path) : GlusterCalls.Unlink(gluster, path);
                    SystemCall.Check(result == -Errno.NoEntry ? 0 : result, $"cannot remove volume '{volume.Target.Path}'");
                    return new VolumeChange(null);
                },
                cancellation);

    public ValueTask ResizeAsync(PoolContext pool, VolumeDefinition volume, ulong capacity, uint flags, CancellationToken cancellation) =>
        GlusterResize.RunAsync(pool, Session(pool), volume, capacity, flags, cancellation);

    public async ValueTask<IVolumeExtents> OpenAsync(PoolContext pool, VolumeDefinition volume, FileAccess access, CancellationToken cancellation) =>
        new ParallelExtents(pool.Threads, await OpenFileAsync(pool, volume, access, cancellation).ConfigureAwait(false));

    /// <exception cref="StorageException">8/18: an algorithm other than zero and trim; 74/18: the servers cannot trim; 38.</exception>
    public async ValueTask WipeAsync(
        PoolContext pool, VolumeDefinition volume, uint algorithm, JobProgress progress, CancellationToken cancellation)
    {
        if (algorithm is not (Zero or Trim))
        {
            throw StorageErrors.UnknownWipeAlgorithm(algorithm);
        }

        GlusterData file = await OpenFileAsync(pool, volume, FileAccess.ReadWrite, cancellation).ConfigureAwait(false);
        ParallelExtents extents = new(pool.Threads, file);
        await using (extents.ConfigureAwait(false))
        {
            if (algorithm == Zero)
            {
                await ExtentWipe.WriteZerosAsync(extents, holesToo: false, progress, cancellation).ConfigureAwait(false);
                return;
            }

            for (long offset = 0; offset < file.Length; offset += TrimStep)
            {
                long from = offset;
                await pool.Threads.RunAsync(() => file.Discard(from, Math.Min(TrimStep, file.Length - from)), cancellation).ConfigureAwait(false);
            }

            await extents.FlushAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <exception cref="StorageException">8/18: no host; 67/18: several; 1/18: the tool is not installed; 9/18: no server answers, or has volumes.</exception>
    public async ValueTask<IReadOnlyList<PoolSource>> FindSourcesAsync(
        HostContext host, PoolSource? specification, CancellationToken cancellation)
    {
        if (specification is null)
        {
            throw StorageErrors.SourceHostMissing(Info.Name);
        }

        if (specification.Hosts is not [var server])
        {
            throw StorageErrors.SourceHostCount(specification.Hosts.Length);
        }

        host.Tools.Resolve(GlusterCommands.Tool);
        NetFs.ShareHost.Require(server.Name);
        IReadOnlyList<string> names = await GlusterVolumes.FindAsync(host, server.Name, cancellation).ConfigureAwait(false);
        return names.Count == 0
            ? throw StorageErrors.NoSharesFound(server.Name, "no gluster server answers there, or it has no volumes")
            : [.. names.Select(name => new PoolSource { Hosts = [new SourceHost(server.Name)], Name = name, Dir = "/" })];
    }

    private static async ValueTask<GlusterData> OpenFileAsync(PoolContext pool, VolumeDefinition volume, FileAccess access, CancellationToken cancellation) =>
        volume.Kind == VolumeKind.NetDir
            ? throw StorageErrors.System(Errno.IsDirectory, $"cannot open volume '{volume.Target.Path}'", StorageErrorDomain.Streams)
            : await RunAsync(pool, (gluster, place) => GlusterData.Open(gluster, place, volume.Name, access), cancellation).ConfigureAwait(false);

    private static ValueTask<T> RunAsync<T>(PoolContext pool, Func<GlusterVolume, GlusterPlace, T> work, CancellationToken cancellation)
    {
        GlusterSession session = Session(pool);
        return session.RunAsync(pool.Threads, volume => work(volume, session.Place), cancellation);
    }

    private static GlusterSession Session(PoolContext pool) =>
        pool.Session as GlusterSession ?? throw StorageErrors.PoolNotActive(pool.Definition.Name);
}
