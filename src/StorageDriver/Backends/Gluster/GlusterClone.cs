using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Images;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>
/// Makes volumes from volumes of any pool. A qcow2 image gets all its tables first, so that its data lie in one piece which is filled as a raw volume is;
/// what the source has no data for stays a hole of the file.
/// </summary>
internal static class GlusterClone
{
    /// <exception cref="StorageException">1/18: a folder is on one side; 3/18: the source cannot be read; 38: an end fails; 1/0: the tool failed.</exception>
    public static async ValueTask BuildAsync(
        PoolContext pool, GlusterSession session, VolumeDefinition volume, VolumeSource source, JobProgress progress, CancellationToken cancellation)
    {
        if (volume.Kind != VolumeKind.Network || source.Volume.Kind is not (VolumeKind.File or VolumeKind.Block or VolumeKind.Network))
        {
            throw StorageErrors.CopyNotSupported((volume.Kind != VolumeKind.Network ? volume : source.Volume).Target.Format ?? "dir");
        }

        NewGlusterFile file = await NewGlusterFile.CreateAsync(pool, session, volume, cancellation).ConfigureAwait(false);
        await using (file.ConfigureAwait(false))
        {
            bool isRaw = source.Volume.Target.Encryption is null && (source.Volume.Kind == VolumeKind.Block || FileCreation.IsPlainRaw(source.Volume));
            if (isRaw)
            {
                await CopyAsync(pool, session, file, volume, source, progress, cancellation).ConfigureAwait(false);
            }
            else
            {
                GlusterData data = await PrepareAsync(pool, session, file, volume, volume.Capacity, cancellation).ConfigureAwait(false);
                VolumeDefinition plain = volume with { Target = volume.Target with { Format = FileFormats.Default } };
                await ImageCreation.ConvertOntoAsync(new Opened(data), pool, plain, source, readsZeros: true, cancellation).ConfigureAwait(false);
            }

            await file.PublishAsync(cancellation).ConfigureAwait(false);
        }
    }

    private static async ValueTask CopyAsync(
        PoolContext pool,
        GlusterSession session,
        NewGlusterFile file,
        VolumeDefinition volume,
        VolumeSource source,
        JobProgress progress,
        CancellationToken cancellation)
    {
        IVolumeData reader = source.Backend as IVolumeData ?? throw StorageErrors.NotSupported(source.Backend.Info.Name, "reading volumes");
        IVolumeExtents from = await reader.OpenAsync(source.Pool, source.Volume, FileAccess.Read, cancellation).ConfigureAwait(false);
        await using (from.ConfigureAwait(false))
        {
            ulong capacity = Math.Max(volume.Capacity, (ulong)from.Length);
            GlusterData data = await PrepareAsync(pool, session, file, volume, capacity, cancellation).ConfigureAwait(false);
            ParallelExtents to = new(pool.Threads, data);
            await ExtentCopy.RunAsync(from, to, readsZeros: true, progress, cancellation).ConfigureAwait(false);
            if (volume.Target.Format != "qcow2" && volume.Allocation >= capacity)
            {
                await GlusterCreation.TakeSpaceAsync(pool.Threads, data, 0, (long)capacity, isNew: false, progress, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Makes room for a capacity; where the data go. The file is closed by who made it.</summary>
    private static async ValueTask<GlusterData> PrepareAsync(
        PoolContext pool, GlusterSession session, NewGlusterFile file, VolumeDefinition volume, ulong capacity, CancellationToken cancellation)
    {
        if (volume.Target.Format != "qcow2")
        {
            await pool.Threads.RunAsync(() => file.SetLength((long)capacity), cancellation).ConfigureAwait(false);
            return file.Part(0, (long)capacity);
        }

        ImageOptions plain = GlusterCreation.Image(session.Place, volume with { Capacity = capacity, BackingStore = null }, flags: 0);
        ImageOptions image = plain with { Preallocation = ImagePreallocation.Metadata };
        Qcow2Layout layout = Qcow2Layout.For(image);
        await pool.Threads.RunAsync(() => Qcow2Writer.Write(file, image, cancellation), cancellation).ConfigureAwait(false);
        return file.Part(layout.DataOffset, (long)layout.Capacity);
    }

    /// <summary>Opens the one volume that is open already.</summary>
    private sealed class Opened(GlusterData data) : IVolumeData
    {
        public ValueTask<IVolumeExtents> OpenAsync(PoolContext pool, VolumeDefinition volume, FileAccess access, CancellationToken cancellation) =>
            ValueTask.FromResult<IVolumeExtents>(new ParallelExtents(pool.Threads, data));
    }
}
