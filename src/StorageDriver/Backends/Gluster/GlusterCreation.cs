using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>Makes volumes: folders, raw files and plain qcow2 images, without a tool.</summary>
internal static class GlusterCreation
{
    private const uint PreallocateMetadata = 1;
    private const uint Validate = 4;
    private const long AllocateStep = 1L << 30;

    /// <summary>Completes a request with kind, path and key, and refuses what cannot be made; makes nothing.</summary>
    /// <exception cref="StorageException">8, 55, 67 or 3/18: flags, name or path, format, combination of options; 38/18.</exception>
    public static async ValueTask<VolumeDefinition> AllocateAsync(
        PoolContext pool, GlusterSession session, VolumeDefinition request, uint flags, CancellationToken cancellation)
    {
        if ((flags & ~(PreallocateMetadata | Validate)) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags & ~(PreallocateMetadata | Validate), "creation of a volume");
        }

        FileNames.CheckNew(request.Name);
        GlusterPlace place = session.Place;
        string path = place.UriOf(request.Name);
        VolumeDefinition volume = request with
        {
            Key = path,
            Kind = request.Target.Format == "dir" ? VolumeKind.NetDir : VolumeKind.Network,
            Target = request.Target with { Path = path },
        };
        CheckFormat(place, volume, flags);
        int result = await session.RunAsync(
            pool.Threads, gluster => GlusterCalls.GetStatus(gluster, place.PathOf(request.Name), out _), cancellation).ConfigureAwait(false);
        return result == -Errno.NoEntry ? volume
            : result == 0 ? throw StorageErrors.VolumePathExists(path)
            : throw StorageErrors.System(-result, $"cannot create path '{path}'");
    }

    public static async ValueTask BuildAsync(
        PoolContext pool, GlusterSession session, VolumeDefinition volume, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        if (volume.Kind == VolumeKind.NetDir)
        {
            await session.RunAsync(pool.Threads, gluster => MakeFolder(gluster, session.Place, volume), cancellation).ConfigureAwait(false);
            return;
        }

        if (volume.BackingStore is { } backing && volume.Capacity == 0)
        {
            volume = volume with { Capacity = await BackingCapacityAsync(pool, session, backing, cancellation).ConfigureAwait(false) };
        }

        NewGlusterFile file = await NewGlusterFile.CreateAsync(pool, session, volume, cancellation).ConfigureAwait(false);
        await using (file.ConfigureAwait(false))
        {
            if (volume.Target.Format == "qcow2")
            {
                ImageOptions image = Image(session.Place, volume, flags);
                await pool.Threads.RunAsync(() => Qcow2Writer.Write(file, image, cancellation), cancellation).ConfigureAwait(false);
            }
            else
            {
                await pool.Threads.RunAsync(() => file.SetLength((long)volume.Capacity), cancellation).ConfigureAwait(false);
                await TakeSpaceAsync(
                    pool.Threads, file.Data, 0, (long)Math.Min(volume.Allocation, volume.Capacity), isNew: true, progress, cancellation)
                    .ConfigureAwait(false);
            }

            await file.PublishAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <inheritdoc cref="GlusterData.Allocate"/>
    public static async ValueTask TakeSpaceAsync(
        PoolThreads threads, GlusterData file, long offset, long end, bool isNew, JobProgress progress, CancellationToken cancellation)
    {
        while (offset < end)
        {
            (long from, long length) = (offset, Math.Min(AllocateStep, end - offset));
            await threads.RunAsync(() => file.Allocate(from, length, isNew), cancellation).ConfigureAwait(false);
            offset += length;
            progress.Allocated = (ulong)offset;
        }
    }

    /// <summary>What a qcow2 image is to be. A backing store of the same pool is recorded by its name alone, which holds wherever the volume is reached from.</summary>
    public static ImageOptions Image(GlusterPlace place, VolumeDefinition volume, uint flags)
    {
        if (volume.BackingStore is { } backing)
        {
            string name = place.NameOf(backing.Path) ?? throw StorageErrors.BackingStoreElsewhere(backing.Path);
            volume = volume with { BackingStore = backing with { Path = name } };
        }

        return ImageOptions.For(volume, volume.Target.Path!, (flags & PreallocateMetadata) != 0);
    }

    private static void CheckFormat(GlusterPlace place, VolumeDefinition volume, uint flags)
    {
        string format = volume.Target.Format ?? FileFormats.Default;
        if (volume.Target.Encryption is not null)
        {
            throw StorageErrors.EncryptionNotMade(GlusterPoolType.Info.Name);
        }

        if (format == "qcow2")
        {
            Image(place, volume, flags);
            return;
        }

        if (format is not ("raw" or "dir"))
        {
            throw StorageErrors.FormatNotMade(format, GlusterPoolType.Info.Name);
        }

        if ((flags & PreallocateMetadata) != 0)
        {
            throw StorageErrors.ConfigUnsupported($"metadata preallocation is not supported for volumes of format '{format}'");
        }

        if (volume.BackingStore is not null)
        {
            throw StorageErrors.BackingStoreNotSupported(format);
        }
    }

    private static bool MakeFolder(GlusterVolume gluster, GlusterPlace place, VolumeDefinition volume)
    {
        string path = place.PathOf(volume.Name);
        Permissions? asked = volume.Target.Permissions;
        int result = GlusterCalls.MakeFolder(gluster, path, asked?.Mode ?? FileOwnership.DefaultVolumeMode);
        SystemCall.Check(result, $"cannot create directory '{volume.Target.Path}'");
        try
        {
            if (asked is { Owner: not null } or { Group: not null })
            {
                SystemCall.Check(
                    GlusterCalls.SetFolderOwner(gluster, path, asked.Owner ?? uint.MaxValue, asked.Group ?? uint.MaxValue), $"cannot chown '{volume.Target.Path}'");
            }

            if (asked?.Mode is { } mode)
            {
                SystemCall.Check(GlusterCalls.SetFolderMode(gluster, path, mode), $"cannot set mode of '{volume.Target.Path}'");
            }

            return true;
        }
        catch
        {
            _ = GlusterCalls.RemoveFolder(gluster, path);
            throw;
        }
    }

    /// <exception cref="StorageException">38/18: there is no such volume.</exception>
    private static async ValueTask<ulong> BackingCapacityAsync(
        PoolContext pool, GlusterSession session, BackingStore backing, CancellationToken cancellation)
    {
        string name = session.Place.NameOf(backing.Path)!;
        ScannedVolume? found = await session.RunAsync(
            pool.Threads, gluster => GlusterScan.Find(gluster, session.Place, name, known: null, pool.Host.Clock), cancellation).ConfigureAwait(false);
        return found?.Definition.Capacity ?? throw StorageErrors.System(Errno.NoEntry, $"inaccessible backing store volume {backing.Path}");
    }
}
