using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Files;

/// <summary>Makes volumes from other volumes.</summary>
internal static class FileClone
{
    /// <exception cref="StorageException">1/18: a folder is on one side; 3/18: the source cannot be read; 38/18.</exception>
    public static ValueTask BuildAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        if (volume.Kind != VolumeKind.File || source.Volume.Kind is not (VolumeKind.File or VolumeKind.Block or VolumeKind.Network))
        {
            throw StorageErrors.CopyNotSupported((volume.Kind != VolumeKind.File ? volume : source.Volume).Target.Format ?? "dir");
        }

        return FileCreation.IsPlainRaw(volume) && (source.Volume.Kind != VolumeKind.File || FileCreation.IsPlainRaw(source.Volume))
            ? CopyRawAsync(pool, volume, source, (flags & FileCreation.Reflink) != 0, progress, cancellation)
            : ImageCreation.ConvertAsync(pool, volume, source.Volume, flags, cancellation);
    }

    private static async ValueTask CopyRawAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, bool reflink, JobProgress progress, CancellationToken cancellation)
    {
        if (source.Backend is not IVolumeData data)
        {
            throw StorageErrors.NotSupported(source.Backend.Info.Name, "reading volumes");
        }

        IVolumeExtents from = await data.OpenAsync(source.Pool, source.Volume, FileAccess.Read, cancellation).ConfigureAwait(false);
        await using (from.ConfigureAwait(false))
        {
            VolumeDefinition whole = volume with { Capacity = Math.Max(volume.Capacity, (ulong)from.Length) };
            NewFile to = await pool.Threads.RunAsync(() => NewFile.Create(pool, whole, whole.Capacity), cancellation).ConfigureAwait(false);
            await using (to.ConfigureAwait(false))
            {
                FileCopy copy = new(pool, from, to.File, progress);
                bool sparse = volume.Allocation < (ulong)from.Length;
                if (reflink || sparse)
                {
                    int result = await copy.TryShareAsync((long)whole.Capacity, cancellation).ConfigureAwait(false);
                    if (reflink)
                    {
                        SystemCall.Check(result, $"cannot clone files from '{source.Volume.Target.Path}'");
                    }

                    if (result == 0)
                    {
                        await pool.Threads.RunAsync(to.Publish, cancellation).ConfigureAwait(false);
                        return;
                    }
                }

                await copy.RunAsync(sparse, (long)Math.Min(volume.Allocation, whole.Capacity), cancellation).ConfigureAwait(false);
                await pool.Threads.RunAsync(to.Publish, cancellation).ConfigureAwait(false);
            }
        }
    }
}
