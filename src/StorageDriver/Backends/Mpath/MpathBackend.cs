using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Mpath;

/// <summary>The multipath devices of this host.</summary>
public sealed class MpathBackend : BlockPoolBackend, IPoolActivation
{
    /// <summary>For the nodes of maps that are there already.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(2);

    public override PoolTypeInfo Info => MpathPoolType.Info;

    public ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation) =>
        new(pool.Threads.RunAsync(() => Directory.Exists($"{pool.Host.Kernel.Dev}/mapper") || Directory.Exists($"{pool.Host.Kernel.Dev}/mpath"), cancellation));

    public ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.FromResult<IPoolSession?>(null);

    public ValueTask StopAsync(PoolContext pool, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <summary>A device that cannot be opened is left out.</summary>
    public override async ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation)
    {
        KernelRoots kernel = pool.Host.Kernel;
        IReadOnlyList<MpathMap> maps = await Patience.LookAsync(
            pool,
            pool.IsAsked ? Wait : TimeSpan.Zero,
            () => MpathMap.Find(kernel),
            found => found.All(map => File.Exists(Path(kernel, map))),
            cancellation).ConfigureAwait(false);
        List<ScannedVolume> volumes = [];
        foreach (MpathMap map in maps)
        {
            string path = Path(kernel, map);
            if (await BlockVolumes.TryDescribeAsync(pool, map.Device, key: path, path, cancellation).ConfigureAwait(false) is { } volume)
            {
                volumes.Add(volume);
            }
        }

        return BlockVolumes.Contents(volumes) with { Degraded = Lost(maps) };
    }

    /// <summary>The first map with paths that have failed; null: there is none.</summary>
    private static string? Lost(IReadOnlyList<MpathMap> maps) =>
        maps.FirstOrDefault(map => map.Failed > 0) is { } map ? $"{map.Failed} of {map.Paths} paths of {map.Name} have failed" : null;

    private static string Path(KernelRoots kernel, MpathMap map) => $"{kernel.Dev}/mapper/{map.Name}";
}
