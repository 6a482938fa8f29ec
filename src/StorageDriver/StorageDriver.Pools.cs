namespace Cistern.Storage;

public sealed partial class StorageDriver
{
    /// <param name="flags"><c>virConnectListAllStoragePoolsFlags</c>; 0 lists all.</param>
    public IReadOnlyList<PoolReference> ListPools(uint flags) => throw new NotImplementedException();

    public PoolReference LookupPoolByName(string name) => throw new NotImplementedException();

    public PoolReference LookupPoolByUuid(Guid uuid) => throw new NotImplementedException();

    public PoolReference LookupPoolByVolume(VolumeReference volume) => throw new NotImplementedException();

    public PoolReference LookupPoolByTargetPath(string path) => throw new NotImplementedException();

    public PoolInfo GetPoolInfo(PoolReference pool) => throw new NotImplementedException();

    /// <param name="flags">1: the definition for the next start.</param>
    public string GetPoolXml(PoolReference pool, uint flags) => throw new NotImplementedException();

    public bool IsPoolActive(PoolReference pool) => throw new NotImplementedException();

    public bool IsPoolPersistent(PoolReference pool) => throw new NotImplementedException();

    public bool GetPoolAutostart(PoolReference pool) => throw new NotImplementedException();

    public ValueTask SetPoolAutostartAsync(PoolReference pool, bool autostart, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask<PoolReference> DefinePoolAsync(string xml, uint flags, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Makes and starts a transient pool (virStoragePoolCreateXML).</summary>
    public ValueTask<PoolReference> CreatePoolAsync(string xml, uint flags, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask BuildPoolAsync(PoolReference pool, uint flags, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask StartPoolAsync(PoolReference pool, uint flags, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask RefreshPoolAsync(PoolReference pool, uint flags, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask DestroyPoolAsync(PoolReference pool, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask DeletePoolAsync(PoolReference pool, uint flags, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask UndefinePoolAsync(PoolReference pool, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>The sources found, as a <c>sources</c> document.</summary>
    public ValueTask<string> FindPoolSourcesAsync(string type, string? specification, uint flags, CancellationToken cancellation) =>
        throw new NotImplementedException();

    /// <summary>The <c>storagepoolCapabilities</c> document.</summary>
    public string GetPoolCapabilities(uint flags) => throw new NotImplementedException();

    /// <summary>Names of the supported pool types, in numeric order, for the connection's capabilities document.</summary>
    public IReadOnlyList<string> SupportedPoolTypes => throw new NotImplementedException();
}
