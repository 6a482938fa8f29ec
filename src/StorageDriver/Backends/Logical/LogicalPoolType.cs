using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Logical;

/// <summary>The facts of the logical pool type.</summary>
public static class LogicalPoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.Logical,
        Name = "logical",
        SourceIdentity = SourceIdentity.Devices,
        Accepted = SourceParts.Name | SourceParts.Device,
        SourceFormats = ["unknown", "lvm2"],
        DefaultSourceFormat = "lvm2",
        VolumeKind = VolumeKind.Block,
        TargetPath = TargetPathRule.FromSourceName,
        TargetPathPrefix = "/dev/",
        SerialisesChanges = true,
        Tools =
        [
            "lvm", "pvs", "vgscan", "vgchange", "vgcreate", "vgremove", "pvcreate", "pvremove", "lvcreate", "lvremove", "lvchange", "lvextend", "lvreduce",
        ],
    };
}
