using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;
using Cistern.Storage.Pools;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>
/// Makes volumes in formats other than raw: plain qcow2 by ourselves, the others by <c>qemu-img</c>, whose image lies beside its later name, so
/// that a relative backing path holds for both.
/// </summary>
internal static class ImageCreation
{
    /// <exception cref="StorageException">38/18: the backing file cannot be read, or the image not be written; 1/0: the tool failed.</exception>
    public static async ValueTask BuildAsync(
        PoolContext pool, VolumeDefinition volume, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        ImageOptions image = ImageOptions.For(volume, volume.Target.Path!, (flags & FileCreation.PreallocateMetadata) != 0);
        await pool.Threads.RunAsync(() => CheckBackingFile(image.BackingPath, image.Path), cancellation).ConfigureAwait(false);
        if (Qcow2Writer.CanWrite(image))
        {
            await WriteQcow2Async(pool, volume, image, progress, cancellation).ConfigureAwait(false);
            return;
        }

        await RunAsync(pool, volume, path => QemuImg.Create(image with { Path = path }), cancellation).ConfigureAwait(false);
    }

    /// <summary>As <see cref="BuildAsync"/>, filled from another volume of this host.</summary>
    public static ValueTask ConvertAsync(
        PoolContext pool, VolumeDefinition volume, VolumeDefinition source, uint flags, CancellationToken cancellation) =>
        RunAsync(
            pool,
            volume,
            path => QemuImg.Convert(
                source.Target.Path!,
                source.Target.Format,
                ImageOptions.For(volume, path, (flags & FileCreation.PreallocateMetadata) != 0, converting: true)),
            cancellation);

    private static async ValueTask WriteQcow2Async(
        PoolContext pool, VolumeDefinition volume, ImageOptions image, JobProgress progress, CancellationToken cancellation)
    {
        VolumeDefinition plain = volume with { Target = volume.Target with { NoCow = false } };
        NewFile file = await pool.Threads.RunAsync(() => NewFile.Create(pool, plain, length: 0), cancellation).ConfigureAwait(false);
        await using (file.ConfigureAwait(false))
        {
            await pool.Threads.RunAsync(() => WriteQcow2(file.File, image, cancellation), cancellation).ConfigureAwait(false);
            if (image.Preallocation == ImagePreallocation.Full)
            {
                long length = RandomAccess.GetLength(file.File);
                await FileSpace.TryAllocateAsync(pool.Threads, file.File, 0, length, progress, cancellation).ConfigureAwait(false);
            }

            await pool.Threads.RunAsync(file.Publish, cancellation).ConfigureAwait(false);
        }
    }

    private static void WriteQcow2(SafeFileHandle file, ImageOptions image, CancellationToken cancellation)
    {
        if (image.NoCow)
        {
            // For an image this is a wish, as it is to qemu-img: few file systems copy on write.
            _ = FileSpaceCalls.SetNoCopyOnWrite(file, on: true);
        }

        try
        {
            Qcow2Writer.Write(file, image, cancellation);
        }
        catch (IOException error)
        {
            // The framework puts errno there.
            throw StorageErrors.System(error.HResult, $"cannot write image '{image.Path}'");
        }
    }

    private static async ValueTask RunAsync(PoolContext pool, VolumeDefinition volume, Func<string, Command> command, CancellationToken cancellation)
    {
        NewFile file = await pool.Threads.RunAsync(() => NewFile.Reserve(pool, volume), cancellation).ConfigureAwait(false);
        await using (file.ConfigureAwait(false))
        {
            Command prepared = await pool.Threads.RunAsync(() => command(file.Part), cancellation).ConfigureAwait(false);
            prepared = prepared with { RunAs = file.User is { } user ? (user.Uid, user.Gid) : null };
            await pool.Host.RunAsync(prepared, cancellation).ConfigureAwait(false);
            await pool.Threads.RunAsync(
                () =>
                {
                    file.Open();
                    file.Publish();
                },
                cancellation).ConfigureAwait(false);
        }
    }

    private static void CheckBackingFile(string? backing, string image)
    {
        if (backing is not null)
        {
            SystemCall.Check(FileSystemCalls.CanRead(BackingString.Resolve(backing, image)), $"inaccessible backing store volume {backing}");
        }
    }
}
