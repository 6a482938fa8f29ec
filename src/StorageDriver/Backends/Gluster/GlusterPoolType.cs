using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>The facts of the gluster pool type.</summary>
public static class GlusterPoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.Gluster,
        Name = "gluster",
        SourceIdentity = SourceIdentity.HostNameAndDir,
        Required = SourceParts.Host,
        Accepted = SourceParts.Host | SourceParts.Name | SourceParts.Dir,
        DefaultSourceDir = "/",
        VolumeFormats = FileFormats.All,
        DefaultVolumeFormat = FileFormats.Default,
        VolumeKind = VolumeKind.Network,
        TargetPath = TargetPathRule.None,
    };
}
