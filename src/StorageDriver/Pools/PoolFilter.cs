using Cistern.Storage.Definitions;

namespace Cistern.Storage.Pools;

/// <summary>The bits of <c>virConnectListAllStoragePoolsFlags</c>: a group of which none is set does not filter.</summary>
internal static class PoolFilter
{
    public const uint Mask = 0xFFFFF;

    private const uint Inactive = 1;
    private const uint Active = 2;
    private const uint Persistent = 4;
    private const uint Transient = 8;
    private const uint Autostart = 16;
    private const uint NoAutostart = 32;
    private const uint Types = Mask & ~63u;

    public static bool Matches(PoolState state, uint flags) =>
        Passes(flags, Inactive | Active, state.IsActive ? Active : Inactive)
        && Passes(flags, Persistent | Transient, state.Persistent ? Persistent : Transient)
        && Passes(flags, Autostart | NoAutostart, state.Autostart ? Autostart : NoAutostart)
        && Passes(flags, Types, Bit(state.Definition.Type));

    private static bool Passes(uint flags, uint group, uint own) => (flags & group) == 0 || (flags & own) != 0;

    private static uint Bit(PoolType type) => type switch
    {
        PoolType.Dir => 1 << 6,
        PoolType.Fs => 1 << 7,
        PoolType.NetFs => 1 << 8,
        PoolType.Logical => 1 << 9,
        PoolType.Disk => 1 << 10,
        PoolType.Iscsi => 1 << 11,
        PoolType.Scsi => 1 << 12,
        PoolType.Mpath => 1 << 13,
        PoolType.Rbd => 1 << 14,
        PoolType.Sheepdog => 1 << 15,
        PoolType.Gluster => 1 << 16,
        PoolType.Zfs => 1 << 17,
        PoolType.VStorage => 1 << 18,
        PoolType.IscsiDirect => 1 << 19,
        _ => 0,
    };
}
