using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Fs;

/// <summary>The facts of the fs pool type.</summary>
public static class FsPoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.Fs,
        Name = "fs",
        SourceIdentity = SourceIdentity.Devices,
        Required = SourceParts.Device,
        Accepted = SourceParts.Device,
        SourceFormats = ["auto", "ext2", "ext3", "ext4", "ufs", "iso9660", "udf", "gfs", "gfs2", "vfat", "hfs+", "xfs", "ocfs2", "vmfs", "btrfs"],
        DefaultSourceFormat = "auto",
        VolumeFormats = FileFormats.All,
        DefaultVolumeFormat = FileFormats.Default,
        VolumeKind = VolumeKind.File,
        TargetPath = TargetPathRule.Required,
        AcceptsCow = true,
        OptionsNamespace = OptionsNamespace.MountOptions,
        StablePaths = true,
        Tools = ["mount", "umount"],
    };
}
