namespace Cistern.Storage.Definitions;

/// <summary>Size of a pool, all in bytes.</summary>
public readonly record struct PoolNumbers(ulong Capacity, ulong Allocation, ulong Available);
