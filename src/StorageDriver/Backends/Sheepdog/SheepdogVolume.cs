namespace Cistern.Storage.Backends.Sheepdog;

/// <summary>A volume as the cluster knows it; sizes in bytes.</summary>
internal readonly record struct SheepdogVolume(string Name, ulong Capacity, ulong Allocation);
