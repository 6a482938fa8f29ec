using System.Runtime.CompilerServices;
using Cistern.RemoteProtocol.Remote;
using Cistern.Storage;

namespace Cistern.Server.Mapping;

/// <summary>Volumes between the wire's types and the driver's.</summary>
public static class VolumeMapping
{
    private static readonly ConditionalWeakTable<IReadOnlyList<VolumeReference>, NonnullStorageVol[]> WireLists = new();

    public static VolumeReference ToReference(this NonnullStorageVol volume) => new(volume.Pool, volume.Name, volume.Key);

    public static NonnullStorageVol ToWire(this VolumeReference volume) => new(volume.Pool, volume.Name, volume.Key);

    /// <summary>Made once for a list, which stays the same until a volume comes or goes.</summary>
    public static NonnullStorageVol[] ToWire(this IReadOnlyList<VolumeReference> volumes) =>
        WireLists.GetValue(volumes, static list => [.. list.Select(ToWire)]);

    public static StorageVolGetInfoRet ToWire(this VolumeInfo info) => new((sbyte)info.Kind, info.Capacity, info.Allocation);

    public static StorageVolGetInfoFlagsRet ToWireWithFlags(this VolumeInfo info) => new((sbyte)info.Kind, info.Capacity, info.Allocation);
}
