using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Wire;
using Cistern.RemoteProtocol.Remote;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>A transient directory pool with its own connection; gone when disposed.</summary>
internal sealed class Pool : IDisposable
{
    /// <summary>A file changed within the resolution of its time stamps may be probed once more; the usual volume is older.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(1.2);

    private readonly Contents _contents;

    /// <param name="daemon">Serves the pool.</param>
    /// <param name="parent">The directory to make the pool's own in: the daemon's disk or memory.</param>
    /// <param name="contents">What the directory holds when the pool starts; nothing when null.</param>
    public Pool(Daemon daemon, string parent, Contents? contents = null)
    {
        Daemon = daemon;
        _contents = contents ?? Contents.None;
        var name = $"pool-{Guid.NewGuid():N}";
        Target = Path.Combine(parent, _contents.Keep ? _contents.Name : name);
        if (!Directory.Exists(Target))
        {
            _contents.Fill(Daemon.MakeDirectory(Target));
            Thread.Sleep(Settling);
        }

        Client = RawClient.Open(daemon.Unix);
        var xml = $"<pool type='dir'><name>{name}</name><target><path>{Target}</path></target></pool>";
        Handle = Client.Call<StoragePoolCreateXmlArgs, StoragePoolCreateXmlRet>(RemoteProcedure.StoragePoolCreateXml, new(xml, 0)).Pool;
    }

    public Daemon Daemon { get; }

    public string Target { get; }

    public RawClient Client { get; }

    public NonnullStoragePool Handle { get; }

    public byte[] GetInfo => RawClient.Encode(RemoteProcedure.StoragePoolGetInfo, new StoragePoolGetInfoArgs(Handle));

    public byte[] Refresh => RawClient.Encode(RemoteProcedure.StoragePoolRefresh, new StoragePoolRefreshArgs(Handle, 0));

    public static string VolumeXml(string name, long capacity, long allocation, string format) =>
        $"<volume><name>{name}</name><capacity>{capacity}</capacity><allocation>{allocation}</allocation><target><format type='{format}'/></target></volume>";

    public NonnullStorageVol Volume(string name) =>
        Client.Call<StorageVolLookupByNameArgs, StorageVolLookupByNameRet>(RemoteProcedure.StorageVolLookupByName, new(Handle, name)).Vol;

    public NonnullStorageVol Create(string name, long capacity, long allocation, string format = "raw") =>
        Client.Call<StorageVolCreateXmlArgs, StorageVolCreateXmlRet>(
            RemoteProcedure.StorageVolCreateXml, new(Handle, VolumeXml(name, capacity, allocation, format), 0)).Vol;

    /// <summary>A request for a raw volume made from another one.</summary>
    public StorageVolCreateXmlFromArgs CloneRequest(string source, string name, long capacity, long allocation) =>
        new(Handle, VolumeXml(name, capacity, allocation, "raw"), Volume(source), 0);

    public void Delete(NonnullStorageVol volume) => Client.Call(RemoteProcedure.StorageVolDelete, new StorageVolDeleteArgs(volume, 0));

    public void Dispose()
    {
        Client.Call(RemoteProcedure.StoragePoolDestroy, new StoragePoolDestroyArgs(Handle));
        Client.Dispose();
        if (!_contents.Keep)
        {
            Directory.Delete(Target, recursive: true);
        }
    }
}
