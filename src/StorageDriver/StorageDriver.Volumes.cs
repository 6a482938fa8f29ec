using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Cistern.Storage.Secrets;
using Cistern.Storage.Xml;

namespace Cistern.Storage;

public sealed partial class StorageDriver
{
    private const uint Physical = 1;
    private const uint Sparse = 1;
    private const uint PreallocateMetadata = 1;
    private const uint Reflink = 2;
    private const uint ValidateVolume = 4;
    private const uint WipeAlgorithms = 10;

    /// <summary>The same list object until a volume comes or goes, so that what is made of it can be kept beside it.</summary>
    public IReadOnlyList<VolumeReference> ListVolumes(PoolReference pool, uint flags)
    {
        CheckFlags(flags, 0, nameof(ListVolumes));
        var state = Registry.Require(pool).State;
        state.RequireActive();
        return state.Volumes.List(state.Name);
    }

    /// <summary>Number of volumes, without making the list.</summary>
    public int CountVolumes(PoolReference pool)
    {
        var state = Registry.Require(pool).State;
        state.RequireActive();
        return state.Volumes.Count;
    }

    /// <summary>A name that is not known is looked for in the storage before the answer is no.</summary>
    public async ValueTask<VolumeReference> LookupVolumeByNameAsync(PoolReference pool, string name, CancellationToken cancellation)
    {
        var found = Registry.Require(pool);
        var state = found.State;
        state.RequireActive();
        var entry = state.Volumes.Find(name) ?? await PoolScanner.FindAsync(found, name, cancellation).ConfigureAwait(false);
        return Reference(found, entry ?? throw StorageErrors.NoVolume(name));
    }

    public ValueTask<VolumeReference> LookupVolumeByKeyAsync(string key, CancellationToken cancellation) =>
        Registry.Volumes.FindByKey(key) is var (pool, entry)
            ? ValueTask.FromResult(Reference(pool, entry))
            : throw StorageErrors.NoVolumeWithKey(key);

    /// <summary>A path that is not known is looked for in the one active pool whose target is its folder.</summary>
    public async ValueTask<VolumeReference> LookupVolumeByPathAsync(string path, CancellationToken cancellation)
    {
        var sanitized = PathSanitizer.Sanitize(path);
        if ((Registry.Volumes.FindByPath(sanitized) ?? Registry.Volumes.FindByPath(path)) is var (pool, entry))
        {
            return Reference(pool, entry);
        }

        int slash = sanitized.LastIndexOf('/');
        if (slash > 0
            && ActivePoolAt(sanitized[..slash]) is { } parent
            && await PoolScanner.FindAsync(parent, sanitized[(slash + 1)..], cancellation).ConfigureAwait(false) is { } found
            && found.Definition.Target.Path == sanitized)
        {
            return Reference(parent, found);
        }

        throw StorageErrors.NoVolumeWithPath(path);
    }

    /// <summary>A volume of an active pool, and the pool, as they name themselves.</summary>
    public (PoolReference Pool, VolumeReference Volume) FindVolume(VolumeReference volume)
    {
        var (pool, _, _, entry) = Find(volume);
        return (pool.Reference, Reference(pool, entry));
    }

    public string GetVolumePath(VolumeReference volume) => Find(volume).Entry.Definition.Target.Path ?? "";

    /// <param name="flags">1: physical size instead of the allocation.</param>
    public async ValueTask<VolumeInfo> GetVolumeInfoAsync(VolumeReference volume, uint flags, CancellationToken cancellation)
    {
        CheckFlags(flags, Physical, nameof(GetVolumeInfoAsync));
        var definition = await DescribeAsync(volume, cancellation).ConfigureAwait(false);
        return new VolumeInfo(definition.Kind, definition.Capacity, flags == Physical ? definition.Physical : definition.Allocation);
    }

    public async ValueTask<string> GetVolumeXmlAsync(VolumeReference volume, uint flags, CancellationToken cancellation)
    {
        CheckFlags(flags, 0, nameof(GetVolumeXmlAsync));
        var info = Find(volume).Run.Backend.Info;
        var definition = await DescribeAsync(volume, cancellation).ConfigureAwait(false);
        return VolumeXml.Format(await VolumeSecrets.CompleteAsync(definition, _driver.Host.Secrets, cancellation).ConfigureAwait(false), info);
    }

    /// <inheritdoc cref="CreateVolumeAsync(PoolReference, string, uint, Func{PoolReference, VolumeReference, ValueTask}, CancellationToken)"/>
    public ValueTask<VolumeReference> CreateVolumeAsync(PoolReference pool, string xml, uint flags, CancellationToken cancellation) =>
        CreateVolumeAsync(pool, xml, flags, authorize: null, cancellation);

    /// <param name="flags"><c>virStorageVolCreateFlags</c>: 1 preallocate metadata, 4 validate the document.</param>
    /// <param name="authorize">Asked about the pool and the document's volume before anything else of it is read; throws when it may not be created.</param>
    public async ValueTask<VolumeReference> CreateVolumeAsync(
        PoolReference pool, string xml, uint flags, Func<PoolReference, VolumeReference, ValueTask>? authorize, CancellationToken cancellation)
    {
        CheckFlags(flags, PreallocateMetadata | ValidateVolume, nameof(CreateVolumeAsync));
        var target = Registry.Require(pool);
        var request = await ParseVolumeAsync(target, xml, VolumeParseMode.Create, flags, authorize).ConfigureAwait(false);
        return await _creation.CreateAsync(target, request, flags & ~ValidateVolume, cancellation).WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc cref="CreateVolumeFromAsync(PoolReference, string, VolumeReference, uint, Func{PoolReference, VolumeReference, ValueTask}, CancellationToken)"/>
    public ValueTask<VolumeReference> CreateVolumeFromAsync(
        PoolReference pool, string xml, VolumeReference source, uint flags, CancellationToken cancellation) =>
        CreateVolumeFromAsync(pool, xml, source, flags, authorize: null, cancellation);

    /// <param name="flags"><c>virStorageVolCreateFlags</c>: 1 preallocate metadata, 2 reflink, 4 validate the document.</param>
    /// <param name="authorize">As for <see cref="CreateVolumeAsync(PoolReference, string, uint, Func{PoolReference, VolumeReference, ValueTask}, CancellationToken)"/>.</param>
    public async ValueTask<VolumeReference> CreateVolumeFromAsync(
        PoolReference pool,
        string xml,
        VolumeReference source,
        uint flags,
        Func<PoolReference, VolumeReference, ValueTask>? authorize,
        CancellationToken cancellation)
    {
        CheckFlags(flags, PreallocateMetadata | Reflink | ValidateVolume, nameof(CreateVolumeFromAsync));
        var target = Registry.Require(pool);
        var sourcePool = Registry.Require(source.Pool);
        target.State.RequireActive();
        sourcePool.State.RequireActive();
        var entry = sourcePool.State.RequireVolume(source.Name);
        var request = await ParseVolumeAsync(target, xml, VolumeParseMode.CreateFrom, flags, authorize).ConfigureAwait(false);
        await PoolScanner.DescribeAsync(sourcePool, sourcePool.State, entry, cancellation).ConfigureAwait(false);
        return await _creation.CloneAsync(target, request, sourcePool, source.Name, flags & ~ValidateVolume, cancellation)
            .WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <param name="flags"><c>virStorageVolDeleteFlags</c>, checked by the backend.</param>
    public async ValueTask DeleteVolumeAsync(VolumeReference volume, uint flags, CancellationToken cancellation) =>
        await _changes.DeleteAsync(volume, flags, cancellation).WaitAsync(cancellation).ConfigureAwait(false);

    /// <param name="flags"><c>virStorageVolResizeFlags</c>: 1 allocate, 2 delta, 4 shrink.</param>
    public async ValueTask ResizeVolumeAsync(VolumeReference volume, ulong capacity, uint flags, CancellationToken cancellation)
    {
        CheckFlags(flags, (uint)(ResizeFlags.Allocate | ResizeFlags.Delta | ResizeFlags.Shrink), nameof(ResizeVolumeAsync));
        await _changes.ResizeAsync(volume, capacity, (ResizeFlags)flags, cancellation).WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <param name="algorithm"><c>virStorageVolWipeAlgorithm</c>.</param>
    public async ValueTask WipeVolumeAsync(VolumeReference volume, uint algorithm, uint flags, CancellationToken cancellation)
    {
        CheckFlags(flags, 0, nameof(WipeVolumeAsync));
        if (algorithm >= WipeAlgorithms)
        {
            throw StorageErrors.UnknownWipeAlgorithm(algorithm);
        }

        await _changes.WipeAsync(volume, algorithm, cancellation).WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <param name="length">Bytes that may be written; 0: no bound.</param>
    /// <param name="flags">1: sparse.</param>
    public ValueTask<VolumeUpload> OpenUploadAsync(VolumeReference volume, ulong offset, ulong length, uint flags, CancellationToken cancellation)
    {
        CheckFlags(flags, Sparse, nameof(OpenUploadAsync));
        return _streams.OpenUploadAsync(volume, offset, length, flags == Sparse, cancellation);
    }

    /// <param name="length">Bytes to be read; 0: to the end.</param>
    /// <param name="flags">1: sparse.</param>
    public ValueTask<VolumeDownload> OpenDownloadAsync(VolumeReference volume, ulong offset, ulong length, uint flags, CancellationToken cancellation)
    {
        CheckFlags(flags, Sparse, nameof(OpenDownloadAsync));
        return _streams.OpenDownloadAsync(volume, offset, length, flags == Sparse, cancellation);
    }

    private static VolumeReference Reference(StoragePool pool, VolumeEntry entry) => new(pool.Name, entry.Name, entry.Definition.Key ?? "");

    /// <summary>A volume's document for a pool; a key in it is the backend's to give.</summary>
    private static async ValueTask<VolumeDefinition> ParseVolumeAsync(
        StoragePool pool, string xml, VolumeParseMode mode, uint flags, Func<PoolReference, VolumeReference, ValueTask>? authorize)
    {
        var info = pool.State.RequireActive().Backend.Info;
        if (authorize is not null)
        {
            await authorize(pool.Reference, new VolumeReference(pool.Name, VolumeXml.ReadName(xml), "")).ConfigureAwait(false);
        }

        return VolumeXml.Parse(xml, info, mode, validate: (flags & ValidateVolume) != 0) with { Key = null };
    }

    private (StoragePool Pool, PoolState State, PoolRun Run, VolumeEntry Entry) Find(VolumeReference volume)
    {
        var pool = Registry.Require(volume.Pool);
        var state = pool.State;
        var run = state.RequireActive();
        return (pool, state, run, state.RequireVolume(volume.Name));
    }

    private async ValueTask<VolumeDefinition> DescribeAsync(VolumeReference volume, CancellationToken cancellation)
    {
        var (pool, state, _, entry) = Find(volume);
        return await PoolScanner.DescribeAsync(pool, state, entry, cancellation).ConfigureAwait(false) ?? throw StorageErrors.NoVolume(volume.Name);
    }
}
