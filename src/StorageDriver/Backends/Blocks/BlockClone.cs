using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Blocks;

/// <summary>Fills volumes that are there, of a size that can no longer change, from volumes of any pool.</summary>
internal static class BlockClone
{
    /// <summary>Flag of <c>virStorageVolCreateFlags</c> that block devices cannot serve by copying.</summary>
    public const uint Reflink = 2;

    /// <summary>Copies raw volumes; what is in an image, or to be encrypted, is converted by <c>qemu-img</c>.</summary>
    /// <param name="backend">Opens <paramref name="volume"/>.</param>
    /// <param name="readsZeros">The new volume reads as zeros: holes need not be filled.</param>
    /// <exception cref="StorageException">1/18: a folder is the source; 3/18: the source cannot be read; 38: an end fails; 1/0: the tool failed.</exception>
    public static async ValueTask FillAsync(
        IVolumeData backend,
        PoolContext pool,
        VolumeDefinition volume,
        VolumeSource source,
        bool readsZeros,
        JobProgress progress,
        CancellationToken cancellation)
    {
        if (source.Volume.Kind is not (VolumeKind.File or VolumeKind.Block or VolumeKind.Network))
        {
            throw StorageErrors.CopyNotSupported(source.Volume.Target.Format ?? "dir");
        }

        if (volume.Target.Encryption is not null || !IsRaw(source.Volume))
        {
            await ImageCreation.ConvertOntoAsync(backend, pool, volume, source, readsZeros, cancellation).ConfigureAwait(false);
            return;
        }

        IVolumeData data = source.Backend as IVolumeData ?? throw StorageErrors.NotSupported(source.Backend.Info.Name, "reading volumes");
        IVolumeExtents from = await data.OpenAsync(source.Pool, source.Volume, FileAccess.Read, cancellation).ConfigureAwait(false);
        await using (from.ConfigureAwait(false))
        {
            IVolumeExtents to = await backend.OpenAsync(pool, volume, FileAccess.Write, cancellation).ConfigureAwait(false);
            await using (to.ConfigureAwait(false))
            {
                await ExtentCopy.RunAsync(from, to, readsZeros, progress, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A device's format is that of the label on it: its bytes are the volume's, unless they are encrypted.</summary>
    private static bool IsRaw(VolumeDefinition source) =>
        source.Kind == VolumeKind.Block ? source.Target.Encryption is null : FileCreation.IsPlainRaw(source);
}
