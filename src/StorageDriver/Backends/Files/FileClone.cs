using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Files;

/// <summary>Makes volumes from other volumes.</summary>
internal static class FileClone
{
    /// <exception cref="StorageException">1/18: a folder is on one side; 3/18: the source cannot be read; 38/18.</exception>
    public static ValueTask BuildAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        if (volume.Kind == VolumeKind.Ploop && source.Volume.Kind == VolumeKind.Ploop)
        {
            return PloopVolumes.CopyAsync(pool, volume, source.Volume, progress, cancellation);
        }

        if (volume.Kind != VolumeKind.File || source.Volume.Kind is not (VolumeKind.File or VolumeKind.Block or VolumeKind.Network))
        {
            throw StorageErrors.CopyNotSupported((volume.Kind != VolumeKind.File ? volume : source.Volume).Target.Format ?? "dir");
        }

        bool reflink = (flags & FileCreation.Reflink) != 0;
        if (FileCreation.IsPlainRaw(volume) && (source.Volume.Kind == VolumeKind.Block || FileCreation.IsPlainRaw(source.Volume)))
        {
            return CopyRawAsync(pool, volume, source, reflink, progress, cancellation);
        }

        return volume.Target.Format == "qcow2" && source.Volume is { Kind: VolumeKind.File, Target.Format: "qcow2" }
            ? CopyOrConvertAsync(pool, volume, source, flags, progress, cancellation)
            : ConvertAsync(pool, volume, source, flags, progress, cancellation);
    }

    private static ValueTask ConvertAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation) =>
        (flags & FileCreation.Reflink) == 0
            ? ImageCreation.ConvertAsync(pool, volume, source, flags, progress, cancellation)
            : throw StorageErrors.UnsupportedFlags(FileCreation.Reflink, "conversion of a volume");

    private static async ValueTask CopyRawAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, bool reflink, JobProgress progress, CancellationToken cancellation)
    {
        IVolumeExtents from = await OpenAsync(source, cancellation).ConfigureAwait(false);
        await using (from.ConfigureAwait(false))
        {
            VolumeDefinition whole = volume with { Capacity = Math.Max(volume.Capacity, (ulong)from.Length) };
            bool sparse = volume.Allocation < (ulong)from.Length;
            Sharing sharing = reflink ? Sharing.Required : sparse ? Sharing.Wanted : Sharing.None;
            long allocation = (long)Math.Min(volume.Allocation, whole.Capacity);
            await CopyAsync(pool, whole, whole.Capacity, source, from, sharing, sparse, allocation, progress, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Copies the bytes of a qcow2 image where they are those of the image that is asked for.</summary>
    private static async ValueTask CopyOrConvertAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        ImageOptions image = ImageOptions.For(volume, volume.Target.Path!, (flags & FileCreation.PreallocateMetadata) != 0);
        IVolumeExtents from = await OpenAsync(source, cancellation).ConfigureAwait(false);
        await using (from.ConfigureAwait(false))
        {
            if (from.Handle is { } file
                && await pool.Threads.RunAsync(() => IsAlreadyThere(image, FileHeader.Read(file)), cancellation).ConfigureAwait(false))
            {
                // What the image does not hold stays a hole: an image takes the space of its own clusters, whatever is allocated.
                bool reflink = (flags & FileCreation.Reflink) != 0;
                Sharing sharing = reflink ? Sharing.Required : volume.Allocation < volume.Capacity ? Sharing.Wanted : Sharing.None;
                bool mayShare = sharing != Sharing.None;
                await CopyAsync(pool, volume, (ulong)from.Length, source, from, sharing, mayShare, 0, progress, cancellation).ConfigureAwait(false);
                return;
            }
        }

        await ConvertAsync(pool, volume, source, flags, progress, cancellation).ConfigureAwait(false);
    }

    /// <summary>Whether an image with this header is what a new one of these options, filled with its data, would be: nothing is lost, nothing added.</summary>
    internal static bool IsAlreadyThere(ImageOptions image, in ImageHeader header) =>
        image is { Format: "qcow2", BackingPath: null, Encryption: null, NoCow: false, Preallocation: ImagePreallocation.Off }
        && header is { Format: "qcow2", BackingPath: null, Encryption: null, State: Qcow2State.None }
        && header.Capacity == image.Capacity
        && header.Compat == (image.Compat == "0.10" ? null : ImageOptions.DefaultCompat)
        && header.ClusterSize == (image.ClusterSize == 0 ? Qcow2Layout.DefaultClusterSize : image.ClusterSize)
        && (header.Features ?? VolumeFeatures.None) == image.Features;

    private static ValueTask<IVolumeExtents> OpenAsync(VolumeSource source, CancellationToken cancellation) =>
        source.Backend is IVolumeData data
            ? data.OpenAsync(source.Pool, source.Volume, FileAccess.Read, cancellation)
            : throw StorageErrors.NotSupported(source.Backend.Info.Name, "reading volumes");

    /// <param name="length">The file's, in bytes.</param>
    private static async ValueTask CopyAsync(
        PoolContext pool,
        VolumeDefinition volume,
        ulong length,
        VolumeSource source,
        IVolumeExtents from,
        Sharing sharing,
        bool sparse,
        long allocation,
        JobProgress progress,
        CancellationToken cancellation)
    {
        NewFile to = await pool.Threads.RunAsync(() => NewFile.Create(pool, volume, length), cancellation).ConfigureAwait(false);
        await using (to.ConfigureAwait(false))
        {
            FileCopy copy = new(pool, from, to.File, progress);
            int shared = sharing == Sharing.None ? -Errno.NotSupported : await copy.TryShareAsync((long)length, cancellation).ConfigureAwait(false);
            if (sharing == Sharing.Required)
            {
                SystemCall.Check(shared, $"cannot clone files from '{source.Volume.Target.Path}'");
            }

            if (shared != 0)
            {
                await copy.RunAsync(sparse, allocation, cancellation).ConfigureAwait(false);
            }

            await pool.Threads.RunAsync(to.Publish, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Whether the copy is to have the blocks of its source.</summary>
    private enum Sharing
    {
        None,
        Wanted,
        Required,
    }
}
