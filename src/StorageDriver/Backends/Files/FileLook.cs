using System.Text;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Files;

/// <summary>Short looks at single files: on the caller's thread where the pool's file system cannot hang, else on the pool's threads.</summary>
internal static class FileLook
{
    /// <summary>Runs a look that touches the pool's own file system only.</summary>
    public static ValueTask<T> RunAsync<T>(PoolContext pool, Func<T> look, CancellationToken cancellation) =>
        IsLocal(pool) ? RunHere(pool, look) : RunThereAsync(pool, look, cancellation);

    /// <summary>Runs work of any length on the pool's threads, once it is sure that the target folder leads to the pool's storage.</summary>
    public static ValueTask<T> RunThereAsync<T>(PoolContext pool, Func<T> work, CancellationToken cancellation) =>
        new(pool.Threads.RunAsync(
            () =>
            {
                Require(pool);
                return work();
            },
            cancellation));

    /// <summary>As <see cref="RunAsync"/>, for what is done elsewhere afterwards.</summary>
    public static async ValueTask RequireAsync(PoolContext pool, CancellationToken cancellation) =>
        await RunAsync(pool, static () => true, cancellation).ConfigureAwait(false);

    /// <exception cref="StorageException">38/18: the target folder does not lead to the pool's storage.</exception>
    public static void Require(PoolContext pool) => (pool.Session as IFilePoolSession)?.Require();

    /// <summary>Describes the volume of a name; null when there is none. What has not changed since it was known costs one statx.</summary>
    public static ValueTask<ScannedVolume?> DescribeAsync(PoolContext pool, string name, ScannedVolume? known, CancellationToken cancellation)
    {
        if (!FileNames.IsFileName(name))
        {
            return ValueTask.FromResult<ScannedVolume?>(null);
        }

        if (IsLocal(pool))
        {
            try
            {
                Require(pool);
            }
            catch (StorageException exception)
            {
                return ValueTask.FromException<ScannedVolume?>(exception);
            }

            int result = FileStatusCalls.GetNoFollow($"{pool.Definition.Target!.Path}/{name}", out FileStatus status);
            if (result == -Errno.NoEntry || (result == 0 && known?.Stamp is { } stamp && IsUnchangedHere(pool, known, stamp, status)))
            {
                return ValueTask.FromResult(result == 0 ? known : null);
            }
        }

        return RunThereAsync(pool, () => Describe(pool, name, known), cancellation);
    }

    /// <summary>Never follows a link, which could lead to another file system: a link is not what its stamp, which is its target's, says.</summary>
    private static bool IsUnchangedHere(PoolContext pool, ScannedVolume known, FileStamp stamp, in FileStatus status) =>
        (FileStamps.IsUnchanged(stamp, status) || (stamp.IsOfNewFile && !pool.IsAsked && FileStamps.HasMarks(stamp, status)))
        && (stamp.Backing is null
            || (stamp.Backing.Device == stamp.Device
                && FileStatusCalls.GetNoFollow(known.Definition.BackingStore!.Path, out FileStatus backing) == 0
                && FileStamps.IsUnchanged(stamp.Backing, backing)));

    private static unsafe ScannedVolume? Describe(PoolContext pool, string name, ScannedVolume? known)
    {
        string folder = pool.Definition.Target!.Path;
        ulong device = IsLocal(pool) && FileStatusCalls.Get(folder, out FileStatus status) == 0 ? status.Device : 0;
        ProbeSettings settings = new(folder, device, pool.Host.Clock);
        fixed (byte* path = Encoding.UTF8.GetBytes($"{folder}/{name}\0"))
        {
            return known is null || FileProbe.IsBackingUnchanged(settings, FileSystemCalls.CurrentDirectory, known)
                ? FileProbe.Look(settings, FileSystemCalls.CurrentDirectory, path, name, known)
                : FileProbe.Describe(settings, FileSystemCalls.CurrentDirectory, path, name, known);
        }
    }

    private static bool IsLocal(PoolContext pool) => pool.Session is IFilePoolSession { IsLocal: true };

    private static ValueTask<T> RunHere<T>(PoolContext pool, Func<T> look)
    {
        try
        {
            Require(pool);
            return ValueTask.FromResult(look());
        }
        catch (StorageException exception)
        {
            return ValueTask.FromException<T>(exception);
        }
    }
}
