using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Mpath;

/// <summary>The facts of the mpath pool type.</summary>
public static class MpathPoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.Mpath,
        Name = "mpath",
        SourceIdentity = SourceIdentity.Machine,
        VolumeKind = VolumeKind.Block,
        TargetPath = TargetPathRule.Required,
        StablePaths = true,
    };
}
