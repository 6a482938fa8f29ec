using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Images;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>Changes the capacity of volumes: of raw files, and of qcow2 images that grow.</summary>
internal static class GlusterResize
{
    private const uint Allocate = 1;
    private const uint Shrink = 4;

    /// <exception cref="StorageException">8/18: flags; 84/18: allocation of an image; 67/18: an image that cannot be resized; 38.</exception>
    public static async ValueTask RunAsync(
        PoolContext pool, GlusterSession session, VolumeDefinition volume, ulong capacity, uint flags, CancellationToken cancellation)
    {
        if ((flags & ~(Allocate | Shrink)) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "resizing of a volume");
        }

        bool isRaw = volume.Kind == VolumeKind.Network && FileCreation.IsPlainRaw(volume);
        if (!isRaw && (flags & Allocate) != 0)
        {
            throw StorageErrors.AllocationNotSupported(volume.Target.Encryption?.Format ?? volume.Target.Format ?? FileFormats.Default);
        }

        if (!isRaw && (volume.Kind != VolumeKind.Network || volume.Target is not { Format: "qcow2", Encryption: null }))
        {
            throw StorageErrors.ConfigUnsupported($"volume '{volume.Name}' of format '{volume.Target.Format}' cannot be resized");
        }

        using GlusterData file = await session.RunAsync(
            pool.Threads, gluster => GlusterData.Open(gluster, session.Place, volume.Name, FileAccess.ReadWrite), cancellation).ConfigureAwait(false);
        if (!isRaw)
        {
            await pool.Threads.RunAsync(() => Grow(file, volume.Name, capacity), cancellation).ConfigureAwait(false);
            return;
        }

        await pool.Threads.RunAsync(() => file.SetLength((long)capacity), cancellation).ConfigureAwait(false);
        if ((flags & Allocate) != 0)
        {
            await TakeSpaceAsync(pool.Threads, file, (long)capacity, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>What cannot have its space keeps its size.</summary>
    private static async ValueTask TakeSpaceAsync(PoolThreads threads, GlusterData file, long capacity, CancellationToken cancellation)
    {
        try
        {
            long before = Math.Min(file.Length, capacity);
            JobProgress nobodys = new();
            await GlusterCreation.TakeSpaceAsync(threads, file, 0, before, isNew: false, nobodys, cancellation).ConfigureAwait(false);
            await GlusterCreation.TakeSpaceAsync(threads, file, before, capacity, isNew: true, nobodys, cancellation).ConfigureAwait(false);
        }
        catch when (file.Length < capacity)
        {
            await threads.RunAsync(() => file.SetLength(file.Length), CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Writes the longer table's new entries first, which nobody looks at before the header says so.</summary>
    private static void Grow(GlusterData file, string name, ulong capacity)
    {
        byte[] header = new byte[Qcow2Header.Version3Length];
        _ = file.Read(0, header);
        Qcow2Growth growth = Qcow2Growth.Plan(header, capacity, out string why) ?? throw StorageErrors.ImageNotResized(name, why);
        file.Write(growth.TableOffset, new byte[growth.TableLength]);
        file.Flush();
        file.Write(Qcow2Growth.HeaderOffset, growth.Header);
        file.Flush();
    }
}
