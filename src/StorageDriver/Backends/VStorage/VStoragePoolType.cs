using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.VStorage;

/// <summary>The facts of the vstorage pool type.</summary>
public static class VStoragePoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.VStorage,
        Name = "vstorage",
        SourceIdentity = SourceIdentity.Name,
        Accepted = SourceParts.Name,
        VolumeFormats = FileFormats.All,
        DefaultVolumeFormat = FileFormats.Default,
        VolumeKind = VolumeKind.File,
        TargetPath = TargetPathRule.Required,
        StablePaths = true,
        Tools = ["vstorage-mount", "umount"],
    };
}
