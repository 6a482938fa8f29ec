using Cistern.Storage.Definitions;

namespace Cistern.Storage;

/// <summary>A pool as clients name it. Pools are found by <paramref name="Uuid"/>; the name is only for error texts.</summary>
public readonly record struct PoolReference(string Name, Guid Uuid);

/// <summary>A volume as clients name it. Volumes are found by pool name and volume name; the key is ignored.</summary>
public readonly record struct VolumeReference(string Pool, string Name, string Key);

/// <summary>State and size of a pool; <paramref name="Active"/> is the wire's state 2, else 0.</summary>
public readonly record struct PoolInfo(bool Active, PoolNumbers Numbers);

/// <summary>Kind and size of a volume in bytes; <paramref name="Allocation"/> is the physical size when that was asked for.</summary>
public readonly record struct VolumeInfo(VolumeKind Kind, ulong Capacity, ulong Allocation);
