using Cistern.RemoteProtocol.Remote;
using Cistern.Storage;

namespace Cistern.Server.Mapping;

/// <summary>Pools between the wire's types and the driver's.</summary>
public static class PoolMapping
{
    // virStoragePoolState; libvirt shows no other.

    public static PoolReference ToReference(this NonnullStoragePool pool) => new(pool.Name, pool.Uuid);

    public static NonnullStoragePool ToWire(this PoolReference pool) => new(pool.Name, pool.Uuid);

    public static NonnullStoragePool[] ToWire(this IReadOnlyList<PoolReference> pools)
    {
        var wire = new NonnullStoragePool[pools.Count];
        for (var i = 0; i < wire.Length; i++)
        {
            wire[i] = pools[i].ToWire();
        }

        return wire;
    }

    public static StoragePoolGetInfoRet ToWire(this PoolInfo info) =>
        new((byte)info.State, info.Numbers.Capacity, info.Numbers.Allocation, info.Numbers.Available);
}
