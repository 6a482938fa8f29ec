using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Wire;
using Cistern.RemoteProtocol.Remote;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>A transient pool with its own connection; gone when disposed.</summary>
internal class Pool : IDisposable
{
    /// <param name="daemon">Serves the pool.</param>
    /// <param name="type">The pool's type.</param>
    /// <param name="elements">Its document without the name.</param>
    public Pool(Daemon daemon, string type, string elements)
    {
        Daemon = daemon;
        Client = RawClient.Open(daemon.Unix);
        var xml = $"<pool type='{type}'><name>pool-{Guid.NewGuid():N}</name>{elements}</pool>";
        Handle = Client.Call<StoragePoolCreateXmlArgs, StoragePoolCreateXmlRet>(RemoteProcedure.StoragePoolCreateXml, new(xml, 0)).Pool;
    }

    public Daemon Daemon { get; }

    public RawClient Client { get; }

    public NonnullStoragePool Handle { get; }

    public byte[] GetInfo => RawClient.Encode(RemoteProcedure.StoragePoolGetInfo, new StoragePoolGetInfoArgs(Handle));

    public byte[] Refresh => RawClient.Encode(RemoteProcedure.StoragePoolRefresh, new StoragePoolRefreshArgs(Handle, 0));

    public static string VolumeXml(string name, long capacity, long allocation, string format) =>
        $"<volume><name>{name}</name><capacity>{capacity}</capacity><allocation>{allocation}</allocation><target><format type='{format}'/></target></volume>";

    public NonnullStorageVol Volume(string name) =>
        Client.Call<StorageVolLookupByNameArgs, StorageVolLookupByNameRet>(RemoteProcedure.StorageVolLookupByName, new(Handle, name)).Vol;

    public NonnullStorageVol[] Volumes() =>
        Client.Call<StoragePoolListAllVolumesArgs, StoragePoolListAllVolumesRet>(RemoteProcedure.StoragePoolListAllVolumes, new(Handle, 1, 0)).Vols;

    public NonnullStorageVol Create(string name, long capacity, long allocation, string format = "raw") =>
        Client.Call<StorageVolCreateXmlArgs, StorageVolCreateXmlRet>(
            RemoteProcedure.StorageVolCreateXml, new(Handle, VolumeXml(name, capacity, allocation, format), 0)).Vol;

    /// <summary>A request for a raw volume made from another one.</summary>
    public StorageVolCreateXmlFromArgs CloneRequest(NonnullStorageVol source, string name, long capacity, long allocation) =>
        new(Handle, VolumeXml(name, capacity, allocation, "raw"), source, 0);

    public void Delete(NonnullStorageVol volume) => Client.Call(RemoteProcedure.StorageVolDelete, new StorageVolDeleteArgs(volume, 0));

    public virtual void Dispose()
    {
        Client.Call(RemoteProcedure.StoragePoolDestroy, new StoragePoolDestroyArgs(Handle));
        Client.Dispose();
    }
}
