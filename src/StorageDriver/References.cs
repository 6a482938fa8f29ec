using Cistern.Storage.Definitions;

namespace Cistern.Storage;

/// <summary>A pool as clients name it. Pools are found by <paramref name="Uuid"/>; the name is only for error texts.</summary>
public readonly record struct PoolReference(string Name, Guid Uuid);

/// <summary>A volume as clients name it. Volumes are found by pool name and volume name; the key is ignored.</summary>
public readonly record struct VolumeReference(string Pool, string Name, string Key);

/// <summary>State and size of a pool.</summary>
public readonly record struct PoolInfo(PoolRunState State, PoolNumbers Numbers);

/// <summary>The values of <c>virStoragePoolState</c> that a pool can have.</summary>
public enum PoolRunState
{
    Inactive = 0,
    Running = 2,

    /// <summary>Active, with part of its storage lost.</summary>
    Degraded = 3,

    /// <summary>Active, but its storage cannot be reached at present.</summary>
    Inaccessible = 4,
}

/// <summary>Kind and size of a volume in bytes; <paramref name="Allocation"/> is the physical size when that was asked for.</summary>
public readonly record struct VolumeInfo(VolumeKind Kind, ulong Capacity, ulong Allocation);
