using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Blocks;

/// <summary>The volumes of pools that only show devices of this host, and neither make nor delete any.</summary>
internal static class BlockVolumes
{
    /// <summary>Describes the device at a path as a volume; null when it went, or cannot be opened.</summary>
    public static async ValueTask<ScannedVolume?> TryDescribeAsync(PoolContext pool, string name, string key, string path, CancellationToken cancellation)
    {
        VolumeDefinition volume = new() { Name = name, Key = key, Kind = VolumeKind.Block, Target = new VolumeTarget { Path = path } };
        try
        {
            VolumeDefinition? found = await pool.Threads.RunAsync(() => BlockDevice.Describe(volume, readsLabel: false), cancellation).ConfigureAwait(false);
            return found is null ? null : pool.Known(name) is { } known && known.Definition == found ? known : new ScannedVolume(found);
        }
        catch (StorageException)
        {
            return null;
        }
    }

    /// <summary>Capacity and allocation are the sums of the volumes', nothing is available.</summary>
    public static PoolContents Contents(IReadOnlyList<ScannedVolume> volumes)
    {
        ulong size = volumes.Aggregate(0UL, (sum, volume) => sum + volume.Definition.Capacity);
        return new PoolContents(new PoolNumbers(size, size, 0), volumes);
    }
}
