using System.Collections.Concurrent;
using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Dir;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Tests.Simulated;

/// <summary>A backend in memory, of type dir, whose every step can be parked, failed or made to hang.</summary>
internal sealed class SimulatedBackend : IStorageBackend, IPoolActivation, IPoolProvisioning, IVolumeCreation, IVolumeCloning, IVolumeDeletion,
    IVolumeResizing, IVolumeData, IVolumeWiping, IVolumeRefresh, IPoolNumbers, IPoolWatch
{
    private readonly ConcurrentDictionary<string, SimulatedStorage> _storages = new();

    public PoolTypeInfo Info { get; init; } = DirPoolType.Info;

    public Steps Steps { get; } = new();

    /// <summary>Sessions that are open.</summary>
    public int Sessions { get; private set; }

    public SimulatedStorage this[string targetPath] => _storages.GetOrAdd(targetPath, _ => new SimulatedStorage());

    public async ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.IsActive, pool.Threads, cancellation);
        return Storage(pool).Mounted;
    }

    public async ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.Start, pool.Threads, cancellation);
        Storage(pool).Mounted = true;
        Sessions++;
        return new Session(this);
    }

    public async ValueTask StopAsync(PoolContext pool, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.Stop, pool.Threads, cancellation);
        Storage(pool).Mounted = false;
    }

    public async ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.BuildPool, pool.Threads, cancellation);
        Storage(pool).Present = true;
    }

    public async ValueTask DeleteAsync(PoolContext pool, uint flags, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.DeletePool, pool.Threads, cancellation);
        Storage(pool).Present = false;
    }

    public async ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.ScanBegins, pool.Threads, cancellation);
        if (!Storage(pool).Present)
        {
            throw Gone(pool);
        }

        var volumes = Storage(pool).Files.Select(file => Describe(pool, file.Key, file.Value)).ToList();
        var contents = new PoolContents(Numbers(pool), volumes) { TargetPermissions = new Permissions(0x1c9, 0, 0), Degraded = Storage(pool).Degraded };
        await Steps.TakeAsync(Step.ScanEnds, pool.Threads, cancellation);
        return contents;
    }

    public async ValueTask<VolumeChange> AllocateAsync(PoolContext pool, VolumeDefinition request, uint flags, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.Allocate, pool.Threads, cancellation);
        var path = $"{pool.Definition.Target!.Path}/{request.Name}";
        return new VolumeChange(request with { Key = path, Kind = VolumeKind.File, Target = request.Target with { Path = path } });
    }

    public async ValueTask BuildAsync(PoolContext pool, VolumeDefinition volume, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        progress.Allocated = volume.Capacity / 2;
        await Steps.TakeAsync(Step.Build, pool.Threads, cancellation);
        Storage(pool).Files[volume.Name] = new SimulatedFile { Capacity = volume.Capacity };
        await Steps.TakeAsync(Step.BuildEnds, pool.Threads, cancellation);
    }

    public async ValueTask BuildFromAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.Build, pool.Threads, cancellation);
        var file = Storage(source.Pool).Files[source.Volume.Name];
        Storage(pool).Files[volume.Name] = new SimulatedFile { Capacity = volume.Capacity, Data = [.. file.Data] };
    }

    public async ValueTask<VolumeChange> DeleteAsync(PoolContext pool, VolumeDefinition volume, uint flags, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.Delete, pool.Threads, cancellation);
        Storage(pool).Files.TryRemove(volume.Name, out _);
        return new VolumeChange(null);
    }

    public async ValueTask ResizeAsync(PoolContext pool, VolumeDefinition volume, ulong capacity, uint flags, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.Resize, pool.Threads, cancellation);
        var file = Storage(pool).Files[volume.Name];
        file.Capacity = capacity;
        file.Touch();
    }

    public async ValueTask<IVolumeExtents> OpenAsync(PoolContext pool, VolumeDefinition volume, FileAccess access, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.Open, pool.Threads, cancellation);
        return Storage(pool).Files.TryGetValue(volume.Name, out var file)
            ? new SimulatedExtents(file, Steps, pool.Threads)
            : throw StorageErrors.System(2, "cannot open", StorageErrorDomain.Streams);
    }

    public async ValueTask WipeAsync(PoolContext pool, VolumeDefinition volume, uint algorithm, JobProgress progress, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.Wipe, pool.Threads, cancellation);
        var file = Storage(pool).Files[volume.Name];
        file.Data.AsSpan().Clear();
        file.Touch();
    }

    public async ValueTask<ScannedVolume?> RefreshVolumeAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.Describe, pool.Threads, cancellation);
        return Storage(pool).Files.TryGetValue(volume.Name, out var file) ? Describe(pool, volume.Name, file) : null;
    }

    public async ValueTask<ScannedVolume?> FindVolumeAsync(PoolContext pool, string name, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.Find, pool.Threads, cancellation);
        var found = Storage(pool).Files.TryGetValue(name, out var file) ? Describe(pool, name, file) : null;
        await Steps.TakeAsync(Step.FindEnds, pool.Threads, cancellation);
        return found;
    }

    public ValueTask<PoolNumbers> GetNumbersAsync(PoolContext pool, CancellationToken cancellation) =>
        Storage(pool).TellsNumbers ? ValueTask.FromResult(Numbers(pool)) : throw StorageErrors.System(5, "cannot tell");

    public async ValueTask<IPoolWatcher> WatchAsync(PoolContext pool, IPoolChanges changes, CancellationToken cancellation)
    {
        await Steps.TakeAsync(Step.Watch, pool.Threads, cancellation);
        return Storage(pool).Present ? new SimulatedWatch(Storage(pool), changes) : throw Gone(pool);
    }

    private static StorageException Gone(PoolContext pool) => StorageErrors.System(2, $"cannot open '{pool.Definition.Target!.Path}'");

    private SimulatedStorage Storage(PoolContext pool) => this[pool.Definition.Target!.Path];

    private PoolNumbers Numbers(PoolContext pool)
    {
        ulong used = (ulong)Storage(pool).Files.Values.Sum(file => file.Data.Length);
        ulong available = Storage(pool).Available;
        return new PoolNumbers(used + available, used, available);
    }

    private static ScannedVolume Describe(PoolContext pool, string name, SimulatedFile file)
    {
        if (pool.Known(name) is { Stamp: { } stamp } known && stamp.ProbedAtNanoseconds == file.Version)
        {
            return known;
        }

        var path = $"{pool.Definition.Target!.Path}/{name}";
        return new ScannedVolume(
            new VolumeDefinition
            {
                Name = name,
                Key = path,
                Capacity = Math.Max(file.Capacity, (ulong)file.Data.Length),
                Allocation = (ulong)file.Data.Length,
                Physical = (ulong)file.Data.Length,
                Target = new VolumeTarget { Path = path, Format = "raw" },
            },
            new FileStamp(0, 0, file.Data.Length, 0, default, default, file.Version));
    }

    private sealed class Session(SimulatedBackend backend) : IPoolSession
    {
        public ValueTask DisposeAsync()
        {
            backend.Sessions--;
            return ValueTask.CompletedTask;
        }
    }
}
