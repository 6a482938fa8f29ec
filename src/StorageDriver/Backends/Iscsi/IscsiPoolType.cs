using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Iscsi;

/// <summary>The facts of the iscsi pool type.</summary>
public static class IscsiPoolType
{
    public static PoolTypeInfo Info { get; } = new()
    {
        Type = PoolType.Iscsi,
        Name = "iscsi",
        SourceIdentity = SourceIdentity.DevicesAndInitiator,
        Required = SourceParts.Host,
        Accepted = SourceParts.Host | SourceParts.Device | SourceParts.InitiatorIqn,
        VolumeKind = VolumeKind.Block,
        TargetPath = TargetPathRule.Required,
        StablePaths = true,
        Tools = ["iscsiadm"],
    };
}
