using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Images;

/// <summary>Where the parts of a new qcow2 image lie, in clusters: header, refcount table, refcount blocks, L1 table, then L2 tables and data if preallocated.</summary>
internal sealed record Qcow2Layout
{
    public const int DefaultClusterSize = 65536;

    /// <summary>Bytes of one refcount, table entry and extended L2 entry.</summary>
    public const int RefcountSize = 2, EntrySize = 8, ExtendedEntrySize = 16;

    private const int MinimumClusterSize = 512;
    private const int MaximumClusterSize = 2 * 1024 * 1024;

    /// <summary>Sub-clusters, 32 to a cluster, are at least a sector.</summary>
    private const int MinimumExtendedClusterSize = 32 * 512;

    /// <summary>QEMU opens no image with more.</summary>
    private const ulong MaximumL1Bytes = 32 * 1024 * 1024;

    public required int ClusterSize { get; init; }

    /// <summary>Bytes, whole KiB.</summary>
    public required ulong Capacity { get; init; }

    public required bool ExtendedL2 { get; init; }

    public required uint L1Entries { get; init; }

    public long RefcountTableClusters { get; private init; }

    public long RefcountBlocks { get; private init; }

    /// <summary>0 for an image without capacity, which has no table.</summary>
    public required long L1Clusters { get; init; }

    /// <summary>0 unless preallocated.</summary>
    public long L2Tables { get; private init; }

    /// <summary>0 unless preallocated.</summary>
    public long DataClusters { get; private init; }

    public long RefcountTableOffset => ClusterSize;

    public long RefcountBlocksOffset => RefcountTableOffset + (RefcountTableClusters * ClusterSize);

    public long L1Offset => RefcountBlocksOffset + (RefcountBlocks * ClusterSize);

    public long L2Offset => L1Offset + (L1Clusters * ClusterSize);

    public long DataOffset => L2Offset + (L2Tables * ClusterSize);

    /// <summary>Bytes. Without preallocation the file ends with the L1 table, as QEMU's does.</summary>
    public long FileLength => L2Tables == 0 ? L1Offset + (L1Entries * EntrySize) : ClustersEnd;

    public long Clusters => ClustersEnd / ClusterSize;

    private long ClustersEnd => checked(DataOffset + (DataClusters * ClusterSize));

    public int L2EntrySize => ExtendedL2 ? ExtendedEntrySize : EntrySize;

    /// <exception cref="StorageException">67: the cluster size is none, or too small for the capacity.</exception>
    public static Qcow2Layout For(ImageOptions image)
    {
        var extended = image.Features.HasFlag(VolumeFeatures.ExtendedL2);
        var clusterSize = CheckClusterSize(image.ClusterSize == 0 ? DefaultClusterSize : image.ClusterSize, extended);
        var capacity = RoundUp(image.Capacity, 1024);
        var l2Reach = (ulong)clusterSize * (ulong)(clusterSize / (extended ? ExtendedEntrySize : EntrySize));
        var l1Entries = DivideUp(capacity, l2Reach);
        if (l1Entries * EntrySize > MaximumL1Bytes)
        {
            throw StorageErrors.ConfigUnsupported($"capacity {capacity} is too large for clusters of {clusterSize} bytes");
        }

        var layout = new Qcow2Layout
        {
            ClusterSize = clusterSize,
            Capacity = capacity,
            ExtendedL2 = extended,
            L1Entries = (uint)l1Entries,
            L1Clusters = (long)DivideUp(l1Entries * EntrySize, (ulong)clusterSize),
        };
        if (image.Preallocation != ImagePreallocation.Off)
        {
            layout = layout with { L2Tables = (long)l1Entries, DataClusters = (long)DivideUp(capacity, (ulong)clusterSize) };
        }

        return WithRefcounts(layout);
    }

    /// <summary>Refcounts count their own clusters too, so their number is sought until it suffices.</summary>
    private static Qcow2Layout WithRefcounts(Qcow2Layout layout)
    {
        while (true)
        {
            var blocks = (long)DivideUp((ulong)layout.Clusters * RefcountSize, (ulong)layout.ClusterSize);
            var table = (long)DivideUp((ulong)blocks * EntrySize, (ulong)layout.ClusterSize);
            if (blocks == layout.RefcountBlocks && table == layout.RefcountTableClusters)
            {
                return layout;
            }

            layout = layout with { RefcountBlocks = blocks, RefcountTableClusters = table };
        }
    }

    private static int CheckClusterSize(ulong size, bool extended)
    {
        if (size is < MinimumClusterSize or > MaximumClusterSize || !ulong.IsPow2(size))
        {
            throw StorageErrors.ConfigUnsupported($"cluster size {size} is not a power of two from {MinimumClusterSize} to {MaximumClusterSize}");
        }

        return extended && size < MinimumExtendedClusterSize
            ? throw StorageErrors.ConfigUnsupported($"feature 'extended_l2' needs a cluster size of at least {MinimumExtendedClusterSize}, not {size}")
            : (int)size;
    }

    private static ulong DivideUp(ulong value, ulong by) => (value / by) + (value % by == 0 ? 0u : 1u);

    private static ulong RoundUp(ulong value, ulong to) => DivideUp(value, to) * to;
}
