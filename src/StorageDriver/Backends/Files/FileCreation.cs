using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Files;

/// <summary>Makes volumes that are files or folders of the pool's target.</summary>
internal static class FileCreation
{
    public const uint PreallocateMetadata = 1;
    public const uint Reflink = 2;
    private const uint Validate = 4;

    /// <summary>Completes a request with kind, path and key, and refuses what cannot be made; makes nothing.</summary>
    /// <exception cref="StorageException">8, 55, 67 or 3/18: flags, name or path, combination of options.</exception>
    public static VolumeDefinition Allocate(PoolContext pool, VolumeDefinition request, uint flags)
    {
        if ((flags & ~(PreallocateMetadata | Reflink | Validate)) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "creation of a volume");
        }

        FileNames.CheckNew(request.Name);
        string path = $"{pool.Definition.Target!.Path}/{request.Name}";
        VolumeKind kind = request.Target.Format switch { "dir" => VolumeKind.Dir, "ploop" => VolumeKind.Ploop, _ => VolumeKind.File };
        Permissions? permissions = FileOwnership.Inherit(request.Target.Permissions, pool.Definition.Target.Requested, kind == VolumeKind.Dir);
        VolumeDefinition volume = request with { Key = path, Kind = kind, Target = request.Target with { Path = path, Permissions = permissions } };
        CheckFormat(volume, flags);
        int result = FileStatusCalls.GetNoFollow(path, out _);
        return result == -Errno.NoEntry ? volume
            : result == 0 ? throw StorageErrors.VolumePathExists(path)
            : throw StorageErrors.System(-result, $"cannot create path '{path}'");
    }

    public static ValueTask BuildAsync(PoolContext pool, VolumeDefinition volume, uint flags, JobProgress progress, CancellationToken cancellation) =>
        volume.Kind == VolumeKind.Dir ? new ValueTask(pool.Threads.RunAsync(() => NewFolder.Make(pool, volume), cancellation))
        : volume.Kind == VolumeKind.Ploop ? PloopVolumes.BuildAsync(pool, volume, cancellation)
        : IsPlainRaw(volume) ? BuildRawAsync(pool, volume, progress, cancellation)
        : ImageCreation.BuildAsync(pool, volume, flags, progress, cancellation);

    /// <summary>Whether the file's bytes are the volume's.</summary>
    public static bool IsPlainRaw(VolumeDefinition volume) => volume.Target is { Format: null or "raw", Encryption: null };

    private static void CheckFormat(VolumeDefinition volume, uint flags)
    {
        if (volume.Kind == VolumeKind.Ploop)
        {
            CheckPloop(volume, flags);
            return;
        }

        if ((flags & Reflink) != 0 && !IsPlainRaw(volume) && volume.Target.Format != "qcow2")
        {
            throw StorageErrors.UnsupportedFlags(Reflink, $"copying to a volume of format '{volume.Target.Format}'");
        }

        if (volume.Kind == VolumeKind.Dir && volume.Target.Encryption is not null)
        {
            throw StorageErrors.ConfigUnsupported("a volume of format 'dir' cannot be encrypted");
        }

        if (volume.Kind != VolumeKind.Dir && !IsPlainRaw(volume))
        {
            ImageOptions.For(volume, volume.Target.Path!, (flags & PreallocateMetadata) != 0);
            return;
        }

        if ((flags & PreallocateMetadata) != 0)
        {
            throw StorageErrors.ConfigUnsupported($"metadata preallocation is not supported for volumes of format '{volume.Target.Format}'");
        }

        if (volume.BackingStore is not null)
        {
            throw StorageErrors.BackingStoreNotSupported(volume.Target.Format ?? "raw");
        }
    }

    private static void CheckPloop(VolumeDefinition volume, uint flags)
    {
        if ((flags & ~Validate) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags & ~Validate, "creation of a ploop volume");
        }

        if (volume.Target.Encryption is not null || volume.BackingStore is not null)
        {
            throw StorageErrors.ConfigUnsupported(
                $"a volume of format 'ploop' cannot {(volume.BackingStore is null ? "be encrypted" : "have a backing store")}");
        }
    }

    private static async ValueTask BuildRawAsync(PoolContext pool, VolumeDefinition volume, JobProgress progress, CancellationToken cancellation)
    {
        NewFile file = await pool.Threads.RunAsync(() => NewFile.Create(pool, volume, volume.Capacity), cancellation).ConfigureAwait(false);
        await using (file.ConfigureAwait(false))
        {
            long allocation = (long)Math.Min(volume.Allocation, volume.Capacity);
            if (!await FileSpace.TryAllocateAsync(pool.Threads, file.File, 0, allocation, progress, cancellation).ConfigureAwait(false))
            {
                await FileSpace.WriteZerosAsync(pool.Threads, file.File, 0, allocation, progress, cancellation).ConfigureAwait(false);
            }

            await pool.Threads.RunAsync(file.Publish, cancellation).ConfigureAwait(false);
        }
    }
}
