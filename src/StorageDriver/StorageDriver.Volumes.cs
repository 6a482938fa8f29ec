using Cistern.Storage.Pools;

namespace Cistern.Storage;

public sealed partial class StorageDriver
{
    public IReadOnlyList<VolumeReference> ListVolumes(PoolReference pool, uint flags) => throw new NotImplementedException();

    /// <summary>Number of volumes, without making the list.</summary>
    public int CountVolumes(PoolReference pool) => throw new NotImplementedException();

    public ValueTask<VolumeReference> LookupVolumeByNameAsync(PoolReference pool, string name, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask<VolumeReference> LookupVolumeByKeyAsync(string key, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask<VolumeReference> LookupVolumeByPathAsync(string path, CancellationToken cancellation) => throw new NotImplementedException();

    public string GetVolumePath(VolumeReference volume) => throw new NotImplementedException();

    /// <param name="flags">1: physical size instead of the allocation.</param>
    public ValueTask<VolumeInfo> GetVolumeInfoAsync(VolumeReference volume, uint flags, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask<string> GetVolumeXmlAsync(VolumeReference volume, uint flags, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask<VolumeReference> CreateVolumeAsync(PoolReference pool, string xml, uint flags, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask<VolumeReference> CreateVolumeFromAsync(
        PoolReference pool, string xml, VolumeReference source, uint flags, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask DeleteVolumeAsync(VolumeReference volume, uint flags, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask ResizeVolumeAsync(VolumeReference volume, ulong capacity, uint flags, CancellationToken cancellation) => throw new NotImplementedException();

    public ValueTask WipeVolumeAsync(VolumeReference volume, uint algorithm, uint flags, CancellationToken cancellation) => throw new NotImplementedException();

    /// <param name="length">Bytes that may be written; 0: no bound.</param>
    /// <param name="flags">1: sparse.</param>
    public ValueTask<VolumeUpload> OpenUploadAsync(VolumeReference volume, ulong offset, ulong length, uint flags, CancellationToken cancellation) =>
        throw new NotImplementedException();

    /// <param name="length">Bytes to be read; 0: to the end.</param>
    /// <param name="flags">1: sparse.</param>
    public ValueTask<VolumeDownload> OpenDownloadAsync(VolumeReference volume, ulong offset, ulong length, uint flags, CancellationToken cancellation) =>
        throw new NotImplementedException();
}
