using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Dir;

/// <summary>The facts of the dir pool type.</summary>
public static class DirPoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.Dir,
        Name = "dir",
        SourceIdentity = SourceIdentity.TargetPath,
        VolumeFormats = FileFormats.All,
        DefaultVolumeFormat = FileFormats.Default,
        VolumeKind = VolumeKind.File,
        TargetPath = TargetPathRule.Required,
        AcceptsCow = true,
        StablePaths = true,
    };
}
