using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.NetFs;

/// <summary>The facts of the netfs pool type.</summary>
public static class NetFsPoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.NetFs,
        Name = "netfs",
        SourceIdentity = SourceIdentity.HostAndDir,
        Required = SourceParts.Host | SourceParts.Dir,
        Accepted = SourceParts.Host | SourceParts.Dir,
        SourceFormats = ["auto", "nfs", "glusterfs", "cifs"],
        DefaultSourceFormat = "auto",
        VolumeFormats = FileFormats.All,
        DefaultVolumeFormat = FileFormats.Default,
        VolumeKind = VolumeKind.File,
        TargetPath = TargetPathRule.Required,
        OptionsNamespace = OptionsNamespace.MountOptions,
        StablePaths = true,
        Tools = ["mount", "umount"],
    };
}
