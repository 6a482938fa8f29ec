using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Images;

namespace Cistern.Storage.Backends.Logical;

/// <summary>Describes a volume group's volumes: by one report, and a look at each device.</summary>
internal static class LogicalScan
{
    /// <exception cref="StorageException">1/0: there is no such group, or it cannot be read.</exception>
    public static async ValueTask<VolumeGroup> ReportAsync(PoolContext pool, CancellationToken cancellation)
    {
        string name = LogicalSources.Group(pool.Definition);
        string report = await LvmTool.RunAsync(pool.Host, LogicalCommands.Report(name), cancellation).ConfigureAwait(false);
        return LogicalOutput.ParseReport(report, name);
    }

    public static async ValueTask<PoolContents> RunAsync(PoolContext pool, CancellationToken cancellation) =>
        await DescribeAsync(pool, await ReportAsync(pool, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);

    /// <summary>Volumes that are not active have no device and are left out, and so are the pools that thin volumes are in.</summary>
    private static async ValueTask<PoolContents> DescribeAsync(PoolContext pool, VolumeGroup group, CancellationToken cancellation)
    {
        var volumes = await pool.Threads.RunAsync(
            () => group.Volumes.Where(volume => volume is { IsActive: true, IsPool: false }).Select(volume => Describe(pool, group, volume)).ToList(),
            cancellation).ConfigureAwait(false);
        var byName = volumes.ToDictionary(volume => volume.Name);
        return new PoolContents(
            new PoolNumbers(group.Size, group.Size - group.Free, group.Free),
            volumes.ConvertAll(volume => new ScannedVolume(volume with { BackingStore = Backing(pool, group, volume.Name, byName) })))
        {
            Degraded = group.Missing == 0
                ? null
                : $"volume group '{pool.Definition.Source.Name}' misses {group.Missing} of its physical volumes",
        };
    }

    private static VolumeDefinition Describe(PoolContext pool, VolumeGroup group, LogicalVolume volume)
    {
        string path = $"{pool.Definition.Target!.Path}/{volume.Name}";
        VolumeDefinition reported = new()
        {
            Name = volume.Name,
            Key = volume.Uuid,
            Kind = VolumeKind.Block,
            Extents = volume.Extents,
            Capacity = volume.Size,
            Physical = volume.Size,
            Target = new VolumeTarget { Path = path, Encryption = KnownEncryption(pool, volume, path) },
        };
        return Look(reported) with { Allocation = volume.IsThin ? group.TakenBy(volume) : volume.Size };
    }

    /// <summary>What cannot be looked at is shown as it is reported.</summary>
    private static VolumeDefinition Look(VolumeDefinition reported)
    {
        try
        {
            return BlockDevice.Describe(reported, readsLabel: false) ?? reported;
        }
        catch (StorageException)
        {
            return reported;
        }
    }

    /// <summary>A device does not tell its secret: what is known of that holds for the same volume as long as it is encrypted.</summary>
    private static VolumeEncryption? KnownEncryption(PoolContext pool, LogicalVolume volume, string path) =>
        pool.Known(volume.Name) is { Definition: { Target.Encryption: { } known } definition } && definition.Key == volume.Uuid
        && FileHeader.TryRead(path, isDevice: true, out ImageHeader header, out _) == 0 && header.Encryption is not null
            ? known
            : null;

    /// <summary>A thin snapshot of a thin volume stands by itself: its origin may change and go.</summary>
    private static BackingStore? Backing(PoolContext pool, VolumeGroup group, string name, Dictionary<string, VolumeDefinition> described)
    {
        LogicalVolume volume = group.Find(name)!;
        if (volume.Origin is not { } origin || (volume.IsThin && group.Find(origin) is not { IsThin: false }))
        {
            return null;
        }

        VolumeTarget? target = described.GetValueOrDefault(origin)?.Target;
        return new BackingStore($"{pool.Definition.Target!.Path}/{origin}", null) { Permissions = target?.Permissions, Timestamps = target?.Timestamps };
    }
}
