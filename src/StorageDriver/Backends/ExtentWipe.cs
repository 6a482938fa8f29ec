using System.Buffers;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends;

/// <summary>Overwrites volumes that are no files of this host.</summary>
internal static class ExtentWipe
{
    /// <summary>Writes zeros, as data, over what the volume has; what are holes before stay holes.</summary>
    /// <param name="holesToo">Over all of it.</param>
    /// <param name="progress">Told the bytes written.</param>
    public static async ValueTask WriteZerosAsync(IVolumeExtents volume, bool holesToo, JobProgress progress, CancellationToken cancellation)
    {
        const int PieceSize = 1024 * 1024;
        byte[] zeros = new byte[PieceSize];
        long written = 0;
        for (long offset = 0; offset < volume.Length;)
        {
            VolumeExtent extent = holesToo
                ? new VolumeExtent(IsHole: false, volume.Length - offset)
                : await volume.NextExtentAsync(offset, cancellation).ConfigureAwait(false);
            if (extent.Length == 0)
            {
                break;
            }

            long end = Math.Min(volume.Length, offset + extent.Length);
            while (!extent.IsHole && offset < end)
            {
                int step = (int)Math.Min(PieceSize, end - offset);
                await volume.WriteAtAsync(offset, new ReadOnlySequence<byte>(zeros, 0, step), cancellation).ConfigureAwait(false);
                offset += step;
                written += step;
                progress.Allocated = (ulong)written;
            }

            offset = end;
        }

        await volume.FlushAsync(cancellation).ConfigureAwait(false);
    }
}
