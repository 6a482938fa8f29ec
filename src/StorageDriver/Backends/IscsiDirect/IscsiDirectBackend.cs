using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.IscsiDirect;

/// <summary>The logical units of an iSCSI target, reached by a library: the host's kernel knows nothing of them.</summary>
public sealed class IscsiDirectBackend : IStorageBackend, IPoolActivation, IPoolWatch, IVolumeRefresh, IVolumeData, IVolumeWiping, ISourceDiscovery
{
    private const uint Zero = 0;
    private const uint Trim = 9;
    private const long TrimStep = 1L << 30;

    public PoolTypeInfo Info => IscsiDirectPoolType.Info;

    /// <summary>Called for pools that ran before; whether the target is still there is for the first scan to find.</summary>
    public ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.FromResult(true);

    public ValueTask<IPoolSession?> ResumeAsync(PoolContext pool, CancellationToken cancellation) => StartAsync(pool, cancellation);

    /// <exception cref="StorageException">
    /// 67/18: not one host or target; 27/18, 66/30, 8/0: authentication; 1/18: the library is missing, or the target cannot be reached.
    /// </exception>
    public async ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation)
    {
        IscsiSession session = await IscsiSession.OpenAsync(pool, cancellation).ConfigureAwait(false);
        try
        {
            await pool.Threads.RunAsync(() => IscsiUnit.List(session), cancellation).ConfigureAwait(false);
            return session;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public ValueTask StopAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <exception cref="StorageException">1/18: the target cannot be reached.</exception>
    public async ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation)
    {
        IscsiSession session = Session(pool);
        await session.RenewAsync(pool, cancellation).ConfigureAwait(false);
        IReadOnlyList<int> units = await pool.Threads.RunAsync(() => IscsiUnit.List(session), cancellation).ConfigureAwait(false);
        List<ScannedVolume> volumes = new(units.Count);
        ulong size = 0;
        foreach (int unit in units)
        {
            VolumeDefinition volume = await pool.Threads.RunAsync(() => Describe(session, unit), cancellation).ConfigureAwait(false);
            volumes.Add(new ScannedVolume(volume));
            size += volume.Capacity;
        }

        return new PoolContents(new PoolNumbers(size, size, 0), volumes);
    }

    public async ValueTask<IPoolWatcher> WatchAsync(PoolContext pool, IPoolChanges changes, CancellationToken cancellation)
    {
        IscsiSession session = Session(pool);
        return new IscsiWatch(pool, session, await pool.Threads.RunAsync(() => IscsiUnit.List(session), cancellation).ConfigureAwait(false));
    }

    public async ValueTask<ScannedVolume?> RefreshVolumeAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation)
    {
        IscsiSession session = Session(pool);
        int unit = IscsiNames.Unit(volume);
        VolumeDefinition found = await pool.Threads.RunAsync(() => Describe(session, unit), cancellation).ConfigureAwait(false);

        // What does not answer to its number is not gone before the target's list says so.
        return new ScannedVolume(found.Capacity == 0 ? volume : found);
    }

    public async ValueTask<ScannedVolume?> FindVolumeAsync(PoolContext pool, string name, CancellationToken cancellation)
    {
        IscsiSession session = Session(pool);
        int unit = IscsiNames.Find(name);
        return unit < 0
            ? null
            : await pool.Threads.RunAsync(
                () => IscsiUnit.List(session).Contains(unit) ? new ScannedVolume(Describe(session, unit)) : null, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<IVolumeExtents> OpenAsync(PoolContext pool, VolumeDefinition volume, FileAccess access, CancellationToken cancellation) =>
        new ParallelExtents(pool.Threads, await OpenUnitAsync(pool, volume, cancellation).ConfigureAwait(false));

    /// <exception cref="StorageException">8/18: an algorithm other than zero and trim; 74/18: the unit cannot trim; 38: it cannot be written.</exception>
    public async ValueTask WipeAsync(
        PoolContext pool, VolumeDefinition volume, uint algorithm, JobProgress progress, CancellationToken cancellation)
    {
        if (algorithm is not (Zero or Trim))
        {
            throw StorageErrors.UnknownWipeAlgorithm(algorithm);
        }

        IscsiVolume unit = await OpenUnitAsync(pool, volume, cancellation).ConfigureAwait(false);
        if (algorithm == Zero)
        {
            ParallelExtents extents = new(pool.Threads, unit);
            await using (extents.ConfigureAwait(false))
            {
                await ExtentWipe.WriteZerosAsync(extents, holesToo: true, progress, cancellation).ConfigureAwait(false);
            }

            return;
        }

        if (!unit.Discards)
        {
            throw StorageErrors.TrimNotSupported();
        }

        for (long offset = 0; offset < unit.Length; offset += TrimStep)
        {
            long from = offset;
            await pool.Threads.RunAsync(() => unit.Discard(from, Math.Min(TrimStep, unit.Length - from)), cancellation).ConfigureAwait(false);
        }
    }

    /// <exception cref="StorageException">8/18, 67/18: host or initiator are not named; 1/18: the portal does not answer.</exception>
    public async ValueTask<IReadOnlyList<PoolSource>> FindSourcesAsync(
        HostContext host, PoolSource? specification, CancellationToken cancellation)
    {
        if (specification is null)
        {
            throw StorageErrors.SourceHostMissing(Info.Name);
        }

        if (specification.Hosts is not [var portal])
        {
            throw StorageErrors.SourceHostCount(specification.Hosts.Length);
        }

        string initiator = specification.InitiatorIqn ?? throw StorageErrors.DiscoveryInitiatorMissing();
        IscsiCalls.Require();
        PoolThreads threads = new();
        IReadOnlyList<string> targets = await threads.RunAsync(() => Discover(portal, initiator), cancellation).ConfigureAwait(false);
        return [.. targets.Select(target => new PoolSource { Hosts = [portal], InitiatorIqn = initiator, Devices = [new SourceDevice(target)] })];
    }

    private static IReadOnlyList<string> Discover(SourceHost portal, string initiator)
    {
        using IscsiConnection connection = IscsiConnection.Open(new IscsiLogin(IscsiNames.Portal(portal), initiator, Target: null));
        return connection.Discover();
    }

    private static async ValueTask<IscsiVolume> OpenUnitAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation)
    {
        IscsiSession session = Session(pool);
        int unit = IscsiNames.Unit(volume);
        return await pool.Threads.RunAsync(() => IscsiVolume.Open(session, volume.Name, unit), cancellation).ConfigureAwait(false);
    }

    private static IscsiSession Session(PoolContext pool) =>
        pool.Session as IscsiSession ?? throw StorageErrors.PoolNotActive(pool.Definition.Name);

    private static VolumeDefinition Describe(IscsiSession session, int unit)
    {
        ScsiCapacity capacity = new IscsiUnit(session, unit).Capacity();
        ulong size = capacity.Blocks * capacity.BlockSize;
        string path = IscsiNames.Path(session.Portal, session.Target, unit);
        return new VolumeDefinition
        {
            Name = IscsiNames.Volume(unit),
            Key = path,
            Kind = VolumeKind.Network,
            Capacity = size,
            Allocation = size,
            Target = new VolumeTarget { Path = path },
        };
    }
}
