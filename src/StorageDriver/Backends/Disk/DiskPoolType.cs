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
        SourceFormats = DiskLabels.All,
        DefaultSourceFormat = DiskLabels.Unknown,
        VolumeFormats = DiskFormats.All,
        DefaultVolumeFormat = DiskFormats.None,
        VolumeKind = VolumeKind.Block,
        TargetPath = TargetPathRule.Required,
        SerialisesChanges = true,
        StablePaths = true,
        Tools = ["parted"],
    };
}
