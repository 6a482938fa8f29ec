using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Zfs;

/// <summary>The facts of the zfs pool type.</summary>
public static class ZfsPoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.Zfs,
        Name = "zfs",
        SourceIdentity = SourceIdentity.Devices,
        Accepted = SourceParts.Name | SourceParts.Device,
        VolumeKind = VolumeKind.Block,
        TargetPath = TargetPathRule.FromSourceName,
        TargetPathPrefix = "/dev/zvol/",
        Tools = ["zfs", "zpool"],
    };
}
