using System.Collections.Immutable;
using Cistern.Storage.Backends.Dir;
using Cistern.Storage.Backends.Disk;
using Cistern.Storage.Backends.Fs;
using Cistern.Storage.Backends.Gluster;
using Cistern.Storage.Backends.Iscsi;
using Cistern.Storage.Backends.IscsiDirect;
using Cistern.Storage.Backends.Logical;
using Cistern.Storage.Backends.Mpath;
using Cistern.Storage.Backends.NetFs;
using Cistern.Storage.Backends.Rbd;
using Cistern.Storage.Backends.Scsi;
using Cistern.Storage.Backends.Sheepdog;
using Cistern.Storage.Backends.VStorage;
using Cistern.Storage.Backends.Zfs;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends;

/// <summary>Every pool type that libvirt knows, whether it has a backend here or not.</summary>
public static class PoolTypes
{
    /// <summary>Indexed by <see cref="PoolType"/>.</summary>
    public static ImmutableArray<PoolTypeInfo> All { get; } =
    [
        DirPoolType.Info,
        FsPoolType.Info,
        NetFsPoolType.Info,
        LogicalPoolType.Info,
        DiskPoolType.Info,
        IscsiPoolType.Info,
        IscsiDirectPoolType.Info,
        ScsiPoolType.Info,
        MpathPoolType.Info,
        RbdPoolType.Info,
        SheepdogPoolType.Info,
        GlusterPoolType.Info,
        ZfsPoolType.Info,
        VStoragePoolType.Info,
    ];

    public static PoolTypeInfo Get(PoolType type) => All[(int)type];

    /// <summary>Looks a type up by the word of the <c>type</c> attribute; null when there is none of that name.</summary>
    public static PoolTypeInfo? Find(string name)
    {
        foreach (var info in All)
        {
            if (info.Name == name)
            {
                return info;
            }
        }

        return null;
    }
}
