using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Files;

/// <summary>What every pool does whose volumes are the files of its target folder, however that folder comes about.</summary>
public abstract class FilePoolBackend :
    IStorageBackend, IPoolNumbers, IVolumeRefresh, IVolumeCreation, IVolumeCloning, IVolumeDeletion, IVolumeResizing, IVolumeData, IVolumeWiping,
    IPoolWatch
{
    public abstract PoolTypeInfo Info { get; }

    public ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation) => FileScan.RunAsync(pool, cancellation);

    public ValueTask<PoolNumbers> GetNumbersAsync(PoolContext pool, CancellationToken cancellation) =>
        FileLook.RunAsync(
            pool,
            () =>
            {
                string path = pool.Definition.Target!.Path;
                SystemCall.Check(FileSystemStatus.Get(path, out FileSystemStatus status), $"cannot statvfs path '{path}'");
                return status.Numbers;
            },
            cancellation);

    public ValueTask<IPoolWatcher> WatchAsync(PoolContext pool, IPoolChanges changes, CancellationToken cancellation) =>
        new(pool.Threads.RunAsync(() => FolderWatch.Start(pool, changes), cancellation));

    public ValueTask<ScannedVolume?> RefreshVolumeAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation) =>
        FileLook.DescribeAsync(pool, volume.Name, pool.Known(volume.Name) ?? new ScannedVolume(volume), cancellation);

    public ValueTask<ScannedVolume?> FindVolumeAsync(PoolContext pool, string name, CancellationToken cancellation) =>
        FileLook.DescribeAsync(pool, name, pool.Known(name), cancellation);

    public ValueTask<VolumeChange> AllocateAsync(PoolContext pool, VolumeDefinition request, uint flags, CancellationToken cancellation) =>
        FileLook.RunAsync(pool, () => new VolumeChange(FileCreation.Allocate(pool, request, flags)), cancellation);

    public async ValueTask BuildAsync(PoolContext pool, VolumeDefinition volume, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        await FileLook.RequireAsync(pool, cancellation).ConfigureAwait(false);
        await FileCreation.BuildAsync(pool, volume, flags, progress, cancellation).ConfigureAwait(false);
    }

    public async ValueTask BuildFromAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        await FileLook.RequireAsync(pool, cancellation).ConfigureAwait(false);
        await FileClone.BuildAsync(pool, volume, source, flags, progress, cancellation).ConfigureAwait(false);
    }

    public ValueTask<VolumeChange> DeleteAsync(PoolContext pool, VolumeDefinition volume, uint flags, CancellationToken cancellation) =>
        flags != 0
            ? ValueTask.FromException<VolumeChange>(StorageErrors.UnsupportedFlags(flags, "deletion of a volume"))
            : FileLook.RunThereAsync(
                pool,
                () =>
                {
                    FileDeletion.Delete(volume);
                    return new VolumeChange(null);
                },
                cancellation);

    public async ValueTask ResizeAsync(PoolContext pool, VolumeDefinition volume, ulong capacity, uint flags, CancellationToken cancellation)
    {
        await FileLook.RequireAsync(pool, cancellation).ConfigureAwait(false);
        await FileResize.RunAsync(pool, volume, capacity, flags, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<IVolumeExtents> OpenAsync(PoolContext pool, VolumeDefinition volume, FileAccess access, CancellationToken cancellation)
    {
        await FileLook.RequireAsync(pool, cancellation).ConfigureAwait(false);
        return await FileExtents.OpenAsync(pool, volume, access, cancellation).ConfigureAwait(false);
    }

    public async ValueTask WipeAsync(PoolContext pool, VolumeDefinition volume, uint algorithm, JobProgress progress, CancellationToken cancellation)
    {
        await FileLook.RequireAsync(pool, cancellation).ConfigureAwait(false);
        await FileWipe.RunAsync(pool, volume, algorithm, progress, cancellation).ConfigureAwait(false);
    }
}
