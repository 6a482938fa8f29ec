using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.IscsiDirect;

/// <summary>The facts of the iscsi-direct pool type.</summary>
public static class IscsiDirectPoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.IscsiDirect,
        Name = "iscsi-direct",
        Required = SourceParts.Host | SourceParts.InitiatorIqn,
        Accepted = SourceParts.Host | SourceParts.Device | SourceParts.InitiatorIqn,
        VolumeKind = VolumeKind.Network,
        TargetPath = TargetPathRule.None,
    };
}
