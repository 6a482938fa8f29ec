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
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends;

/// <summary>The backends that exist: one explicit list.</summary>
public sealed class BackendRegistry
{
    private readonly ImmutableDictionary<PoolType, IStorageBackend> _backends;

    public BackendRegistry(params ReadOnlySpan<IStorageBackend> backends)
    {
        All = [.. backends];
        _backends = All.ToImmutableDictionary(backend => backend.Info.Type);
    }

    /// <summary>Every backend of this server.</summary>
    public static BackendRegistry Default { get; } =
        new(
            new DirBackend(),
            new FsBackend(),
            new NetFsBackend(),
            new LogicalBackend(),
            new DiskBackend(),
            new IscsiBackend(),
            new IscsiDirectBackend(),
            new ScsiBackend(),
            new MpathBackend(),
            new RbdBackend(),
            new SheepdogBackend(),
            new GlusterBackend(),
            new ZfsBackend(),
            new VStorageBackend());

    /// <summary>In the order of registration.</summary>
    public ImmutableArray<IStorageBackend> All { get; }

    /// <summary>Null for a type that has none.</summary>
    public IStorageBackend? Find(PoolType type) => _backends.GetValueOrDefault(type);

    /// <exception cref="StorageException">1/18: the type is known, but nothing here serves it.</exception>
    public IStorageBackend Get(PoolType type) => Find(type) ?? throw StorageErrors.NoBackend(PoolTypes.Get(type).Name);
}
