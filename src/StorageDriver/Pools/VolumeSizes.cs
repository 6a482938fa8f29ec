using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Pools;

/// <summary><c>virStorageVolResizeFlags</c>.</summary>
[Flags]
internal enum ResizeFlags : uint
{
    None = 0,
    Allocate = 1,

    /// <summary>The capacity given is a difference.</summary>
    Delta = 2,
    Shrink = 4,
}

/// <summary>libvirt's rules for sizes.</summary>
internal static class VolumeSizes
{
    /// <summary>The capacity that a resize leads to, in bytes.</summary>
    /// <param name="allocationFollows">See <see cref="Backends.Capabilities.IVolumeResizing.AllocationFollows"/>.</param>
    /// <exception cref="StorageException">8/18: shrinks what may not shrink; 9/18: the pool has not the space to allocate; 82/18: too large.</exception>
    public static ulong ResizeTarget(VolumeDefinition volume, ulong capacity, ResizeFlags flags, PoolDefinition pool, bool allocationFollows = false)
    {
        ulong target = capacity;
        if (flags.HasFlag(ResizeFlags.Delta))
        {
            target = flags.HasFlag(ResizeFlags.Shrink) ? volume.Capacity - Math.Min(capacity, volume.Capacity) : volume.Capacity + capacity;
        }

        if (target > long.MaxValue || (flags.HasFlag(ResizeFlags.Delta) && capacity > long.MaxValue))
        {
            throw StorageErrors.SizeTooLarge("capacity", target);
        }

        if (target < volume.Allocation && !(allocationFollows && flags.HasFlag(ResizeFlags.Shrink)))
        {
            throw StorageErrors.ShrinkBelowAllocation(target, volume.Allocation);
        }

        if (target < volume.Capacity && !flags.HasFlag(ResizeFlags.Shrink))
        {
            throw StorageErrors.ShrinkNotAsked(target, volume.Capacity);
        }

        ulong needed = flags.HasFlag(ResizeFlags.Allocate) && target > volume.Allocation ? target - volume.Allocation : 0;
        return needed <= pool.Numbers.Available ? target : throw StorageErrors.NotEnoughSpace(pool.Name, needed, pool.Numbers.Available);
    }
}
