using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>The facts of the rbd pool type.</summary>
public static class RbdPoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.Rbd,
        Name = "rbd",
        Required = SourceParts.Host | SourceParts.Name,
        Accepted = SourceParts.Host | SourceParts.Name,
        VolumeFormats = FileFormats.All,
        ListsVolumeFormats = false,
        DefaultVolumeFormat = "raw",
        VolumeKind = VolumeKind.Network,
        TargetPath = TargetPathRule.None,
        OptionsNamespace = OptionsNamespace.ConfigOptions,
    };
}
