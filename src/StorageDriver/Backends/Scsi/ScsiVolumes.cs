using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Scsi;

/// <summary>The units of a SCSI host as the volumes of a pool.</summary>
internal static class ScsiVolumes
{
    /// <summary>
    /// Describes the units that have a block device, and a link in the pool's target folder where that holds links. A unit that cannot be opened is
    /// left out, as is one that went meanwhile.
    /// </summary>
    /// <param name="wait">The longest wait for devices and links that are missing.</param>
    /// <param name="key">The key of a unit's volume; null: its path.</param>
    /// <exception cref="StorageException">8/18: the target is not below <c>/dev</c>; 38/18: it cannot be read.</exception>
    public static async ValueTask<PoolContents> ScanAsync(
        PoolContext pool, uint host, TimeSpan wait, Func<ScsiLun, string?> key, CancellationToken cancellation)
    {
        TimeProvider clock = pool.Host.Clock;
        long begun = clock.GetTimestamp();
        IReadOnlyList<ScsiLun> luns = await Patience.LookAsync(
            pool, wait, () => ScsiLuns.Find(pool.Host.Kernel, host), found => found.All(lun => lun.Device is not null), cancellation).ConfigureAwait(false);
        if (luns.Count > 0)
        {
            CheckTarget(pool);
        }

        string[] devices = [.. luns.Where(lun => lun.Device is not null).Select(lun => Path(pool, lun))];
        TimeSpan rest = wait - clock.GetElapsedTime(begun);
        IReadOnlyDictionary<string, string> paths = devices.Length == 0
            ? new Dictionary<string, string>()
            : await StableLinks.FindAsync(pool, devices, rest, cancellation).ConfigureAwait(false);
        List<ScannedVolume> volumes = [];
        HashSet<string> keys = [];
        foreach (ScsiLun lun in luns)
        {
            if (!paths.TryGetValue(Path(pool, lun), out string? path))
            {
                continue;
            }

            // A host that sees a unit through several ports has it several times.
            string own = key(lun) is { } found && !keys.Contains(found) ? found : path;
            if (await BlockVolumes.TryDescribeAsync(pool, lun.VolumeName, own, path, cancellation).ConfigureAwait(false) is { } volume)
            {
                keys.Add(own);
                volumes.Add(volume);
            }
        }

        return BlockVolumes.Contents(volumes);
    }

    private static void CheckTarget(PoolContext pool)
    {
        KernelRoots kernel = pool.Host.Kernel;
        string target = pool.Definition.Target!.Path;
        if (target != kernel.Dev && !StableLinks.AreIn(kernel, target))
        {
            throw StorageErrors.TargetWithoutDevices(target, kernel.Dev);
        }
    }

    private static string Path(PoolContext pool, ScsiLun lun) => $"{pool.Host.Kernel.Dev}/{lun.Device}";
}
