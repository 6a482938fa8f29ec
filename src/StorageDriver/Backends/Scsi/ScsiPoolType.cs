using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Scsi;

/// <summary>The facts of the scsi pool type.</summary>
public static class ScsiPoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.Scsi,
        Name = "scsi",
        SourceIdentity = SourceIdentity.Adapter,
        Required = SourceParts.Adapter,
        Accepted = SourceParts.Adapter,
        VolumeKind = VolumeKind.Block,
        TargetPath = TargetPathRule.Required,
        StablePaths = true,
    };
}
