using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Capabilities;

/// <summary>Volumes can be made. <see cref="AllocateAsync"/> is short and runs with the pool's gate held; <see cref="BuildAsync"/> is long and does not.</summary>
public interface IVolumeCreation
{
    /// <summary>
    /// Checks the request and completes it with kind, path and key. Makes nothing that needs undoing unless <c>SerialisesChanges</c>: then it makes
    /// the volume, whole but for its data, or leaves nothing.
    /// </summary>
    ValueTask<VolumeChange> AllocateAsync(PoolContext pool, VolumeDefinition request, uint flags, CancellationToken cancellation);

    /// <summary>Makes the volume's data; when it fails or is cancelled nothing is left. The volume appears whole, at the end.</summary>
    /// <param name="flags"><c>virStorageVolCreateFlags</c>: 1 preallocate metadata.</param>
    /// <param name="progress">Told the bytes allocated so far.</param>
    ValueTask BuildAsync(PoolContext pool, VolumeDefinition volume, uint flags, JobProgress progress, CancellationToken cancellation);
}

/// <summary>Volumes can be made from another volume, of any pool that can be read.</summary>
public interface IVolumeCloning
{
    /// <summary>As <see cref="IVolumeCreation.AllocateAsync"/>, for a copy: where allocating makes the volume it may be made of <paramref name="source"/>.</summary>
    ValueTask<VolumeChange> AllocateFromAsync(
        PoolContext pool, VolumeDefinition request, VolumeSource source, uint flags, CancellationToken cancellation) =>
        this is IVolumeCreation creation
            ? creation.AllocateAsync(pool, request, flags, cancellation)
            : throw StorageErrors.NotSupported(((IStorageBackend)this).Info.Name, "creating volumes");

    /// <summary>As <see cref="IVolumeCreation.BuildAsync"/>, filled from <paramref name="source"/>.</summary>
    /// <param name="flags"><c>virStorageVolCreateFlags</c>: 1 preallocate metadata, 2 reflink or fail.</param>
    ValueTask BuildFromAsync(PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation);
}

/// <summary>A volume to copy from, with the backend and pool that can open it.</summary>
public sealed record VolumeSource(IStorageBackend Backend, PoolContext Pool, VolumeDefinition Volume);

/// <summary>Volumes can be deleted.</summary>
public interface IVolumeDeletion
{
    /// <param name="flags"><c>virStorageVolDeleteFlags</c>; a bit that the backend does not know answers 8/18.</param>
    ValueTask<VolumeChange> DeleteAsync(PoolContext pool, VolumeDefinition volume, uint flags, CancellationToken cancellation);
}

/// <summary>Volumes can change their capacity.</summary>
public interface IVolumeResizing
{
    /// <summary>The space that a volume takes follows its capacity: one that is shrunk gives it back, so that its allocation is no bound.</summary>
    bool AllocationFollows(VolumeDefinition volume) => false;

    /// <param name="capacity">New capacity in bytes; the rules of libvirt (shrink, delta) have been applied.</param>
    /// <param name="flags"><c>virStorageVolResizeFlags</c>: 1 allocate, 4 shrink.</param>
    ValueTask ResizeAsync(PoolContext pool, VolumeDefinition volume, ulong capacity, uint flags, CancellationToken cancellation);
}

/// <summary>Volumes' bytes can be read and written.</summary>
public interface IVolumeData
{
    /// <exception cref="Errors.StorageException">38 in the streams domain: it cannot be opened.</exception>
    ValueTask<IVolumeExtents> OpenAsync(PoolContext pool, VolumeDefinition volume, FileAccess access, CancellationToken cancellation);
}

/// <summary>Volumes can be wiped.</summary>
public interface IVolumeWiping
{
    /// <param name="algorithm"><c>virStorageVolWipeAlgorithm</c>, 0 zero to 9 trim; greater values have been refused.</param>
    ValueTask WipeAsync(PoolContext pool, VolumeDefinition volume, uint algorithm, JobProgress progress, CancellationToken cancellation);
}

/// <summary>One volume can be described anew without a scan.</summary>
public interface IVolumeRefresh
{
    /// <summary>Null when the volume is gone.</summary>
    ValueTask<ScannedVolume?> RefreshVolumeAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation);

    /// <summary>Looks for a volume by name that is not in the table yet; null when there is none.</summary>
    ValueTask<ScannedVolume?> FindVolumeAsync(PoolContext pool, string name, CancellationToken cancellation);
}

/// <summary>The pool's numbers can be had without a scan.</summary>
public interface IPoolNumbers
{
    ValueTask<PoolNumbers> GetNumbersAsync(PoolContext pool, CancellationToken cancellation);
}

/// <summary>Pools that do not exist yet can be found.</summary>
public interface ISourceDiscovery
{
    /// <summary>Returns the sources found.</summary>
    ValueTask<IReadOnlyList<PoolSource>> FindSourcesAsync(HostContext host, PoolSource? specification, CancellationToken cancellation);
}

/// <summary>What a change of one volume did: the volume as it now is (null: gone), and the whole table where others changed too.</summary>
public sealed record VolumeChange(VolumeDefinition? Volume, PoolContents? Contents = null)
{
    /// <summary>A new volume has its data already: nothing is left to be built.</summary>
    public bool IsBuilt { get; init; }
}
