using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;

namespace Cistern.Storage.Backends.Files;

/// <summary>
/// Makes volumes in formats other than raw, by <c>qemu-img</c>. The image lies beside its later name, so a relative backing path holds for both.
/// </summary>
internal static class ImageCreation
{
    /// <exception cref="StorageException">38/18: the backing file cannot be read; 1/0: the tool failed.</exception>
    public static ValueTask BuildAsync(PoolContext pool, VolumeDefinition volume, uint flags, CancellationToken cancellation) =>
        RunAsync(
            pool,
            volume,
            path =>
            {
                ImageOptions options = ImageOptions.For(volume, path, (flags & FileCreation.PreallocateMetadata) != 0);
                CheckBackingFile(options.BackingPath, path);
                return QemuImg.Create(options);
            },
            cancellation);

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

    private static async ValueTask RunAsync(PoolContext pool, VolumeDefinition volume, Func<string, Command> command, CancellationToken cancellation)
    {
        NewFile file = await pool.Threads.RunAsync(() => NewFile.Reserve(pool, volume), cancellation).ConfigureAwait(false);
        await using (file.ConfigureAwait(false))
        {
            Command prepared = await pool.Threads.RunAsync(() => command(file.Part), cancellation).ConfigureAwait(false);
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
