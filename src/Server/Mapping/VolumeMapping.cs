using Cistern.RemoteProtocol.Remote;
using Cistern.Storage;

namespace Cistern.Server.Mapping;

/// <summary>Volumes between the wire's types and the driver's.</summary>
public static class VolumeMapping
{
    public static VolumeReference ToReference(this NonnullStorageVol volume) => new(volume.Pool, volume.Name, volume.Key);

    public static NonnullStorageVol ToWire(this VolumeReference volume) => new(volume.Pool, volume.Name, volume.Key);

    public static NonnullStorageVol[] ToWire(this IReadOnlyList<VolumeReference> volumes)
    {
        var wire = new NonnullStorageVol[volumes.Count];
        for (var i = 0; i < wire.Length; i++)
        {
            wire[i] = volumes[i].ToWire();
        }

        return wire;
    }

    public static StorageVolGetInfoRet ToWire(this VolumeInfo info) => new((sbyte)info.Kind, info.Capacity, info.Allocation);

    public static StorageVolGetInfoFlagsRet ToWireWithFlags(this VolumeInfo info) => new((sbyte)info.Kind, info.Capacity, info.Allocation);
}
