using System.Runtime.CompilerServices;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Storage;

namespace Cistern.Server.Mapping;

/// <summary>Volumes between the wire's types and the driver's.</summary>
public static class VolumeMapping
{
    private static readonly ConditionalWeakTable<IReadOnlyList<VolumeReference>, byte[]> EncodedLists = new();

    public static VolumeReference ToReference(this NonnullStorageVol volume) => new(volume.Pool, volume.Name, volume.Key);

    public static NonnullStorageVol ToWire(this VolumeReference volume) => new(volume.Pool, volume.Name, volume.Key);

    /// <summary>The list as the payload of a reply. Encoded once for a list, which stays the same until a volume comes or goes.</summary>
    public static byte[] ToListReply(this IReadOnlyList<VolumeReference> volumes) => EncodedLists.GetValue(volumes, Encode);

    private static byte[] Encode(IReadOnlyList<VolumeReference> volumes)
    {
        var reply = new StoragePoolListAllVolumesRet([.. volumes.Select(ToWire)], (uint)volumes.Count);
        var payload = GC.AllocateUninitializedArray<byte>(reply.XdrSize);
        var writer = new XdrWriter(payload);
        reply.Write(ref writer);
        return payload;
    }

    public static StorageVolGetInfoRet ToWire(this VolumeInfo info) => new((sbyte)info.Kind, info.Capacity, info.Allocation);

    public static StorageVolGetInfoFlagsRet ToWireWithFlags(this VolumeInfo info) => new((sbyte)info.Kind, info.Capacity, info.Allocation);
}
