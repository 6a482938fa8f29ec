using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Sheepdog;

/// <summary>The facts of the sheepdog pool type.</summary>
public static class SheepdogPoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.Sheepdog,
        Name = "sheepdog",
        SourceIdentity = SourceIdentity.Host,
        Required = SourceParts.Host,
        Accepted = SourceParts.Host | SourceParts.Name,
        VolumeKind = VolumeKind.Network,
        TargetPath = TargetPathRule.None,
        Tools = ["dog"],
    };
}
