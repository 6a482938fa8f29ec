using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Disk;

/// <summary>The facts of the disk pool type.</summary>
public static class DiskPoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.Disk,
        Name = "disk",
        SourceIdentity = SourceIdentity.Devices,
        Required = SourceParts.Device,
        Accepted = SourceParts.Device,
        SourceFormats = ["unknown", "dos", "dvh", "gpt", "mac", "bsd", "pc98", "sun", "lvm2"],
        DefaultSourceFormat = "unknown",
        VolumeFormats = ["none", "linux", "fat16", "fat32", "linux-swap", "linux-lvm", "linux-raid", "extended"],
        DefaultVolumeFormat = "none",
        VolumeKind = VolumeKind.Block,
        TargetPath = TargetPathRule.Required,
        SerialisesChanges = true,
        StablePaths = true,
        Tools = ["parted"],
    };
}
