using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;
using Cistern.Storage.Pools;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>Makes, copies and resizes ploop volumes: folders with an image, its snapshots and their descriptor, which name each other relatively.</summary>
internal static class PloopVolumes
{
    /// <exception cref="StorageException">1/18: the tool is not installed; 1/0: it failed; 38/18.</exception>
    public static async ValueTask BuildAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation)
    {
        pool.Host.Tools.Resolve(Ploop.Tool);
        PloopFolder folder = await pool.Threads.RunAsync(() => PloopFolder.Create(pool, volume), cancellation).ConfigureAwait(false);
        await using (folder.ConfigureAwait(false))
        {
            await pool.Host.RunAsync(Ploop.Create(folder.Path, volume.Capacity), cancellation).ConfigureAwait(false);
            await pool.Threads.RunAsync(folder.Publish, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Copies the files of another ploop volume; its capacity is the copy's.</summary>
    public static async ValueTask CopyAsync(
        PoolContext pool, VolumeDefinition volume, VolumeDefinition source, JobProgress progress, CancellationToken cancellation)
    {
        PloopFolder folder = await pool.Threads.RunAsync(() => PloopFolder.Create(pool, volume), cancellation).ConfigureAwait(false);
        await using (folder.ConfigureAwait(false))
        {
            string[] files = await pool.Threads.RunAsync(() => Directory.GetFiles(source.Target.Path!), cancellation).ConfigureAwait(false);
            foreach (string path in files)
            {
                VolumeDefinition file = source with { Kind = VolumeKind.File, Target = new VolumeTarget { Path = path } };
                IVolumeExtents from = await FileExtents.OpenAsync(pool, file, FileAccess.Read, cancellation).ConfigureAwait(false);
                await using (from.ConfigureAwait(false))
                {
                    string target = $"{folder.Path}/{Path.GetFileName(path)}";
                    using SafeFileHandle to = await pool.Threads.RunAsync(() => Create(target, from.Length), cancellation).ConfigureAwait(false);
                    await new FileCopy(pool, from, to, progress).RunAsync(sparse: true, 0, cancellation).ConfigureAwait(false);
                    await pool.Threads.RunAsync(() => SystemCall.Check(FileSystemCalls.Synchronise(to), $"cannot sync '{target}'"), cancellation)
                        .ConfigureAwait(false);
                }
            }

            await pool.Threads.RunAsync(folder.Publish, cancellation).ConfigureAwait(false);
        }
    }

    public static async ValueTask ResizeAsync(PoolContext pool, VolumeDefinition volume, ulong capacity, CancellationToken cancellation) =>
        await pool.Host.RunAsync(Ploop.Resize(volume.Target.Path!, capacity), cancellation).ConfigureAwait(false);

    private static SafeFileHandle Create(string path, long length)
    {
        SystemCall.Check(
            FileSystemCalls.Open(
                path, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow, FileOwnership.DefaultVolumeMode, out SafeFileHandle? file),
            $"cannot create file '{path}'");
        SystemCall.Check(FileSpaceCalls.SetLength(file!, length), $"cannot extend file '{path}'");
        return file!;
    }
}
