using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>Overwrites volumes.</summary>
internal static class FileWipe
{
    private const uint Zero = 0;
    private const uint Trim = 9;
    private const int BlockUnit = 512;

    /// <summary>Names of scrub(1) for the algorithms 1 to 8.</summary>
    private static readonly string[] Patterns = ["nnsa", "dod", "bsi", "gutmann", "schneier", "pfitzner7", "pfitzner33", "random"];

    /// <exception cref="StorageException">74/18: trim; 38/18: the file cannot be opened or written; 1/0: scrub failed.</exception>
    public static async ValueTask RunAsync(
        PoolContext pool, VolumeDefinition volume, uint algorithm, JobProgress progress, CancellationToken cancellation)
    {
        if (algorithm == Trim)
        {
            throw StorageErrors.TrimNotSupported();
        }

        string path = volume.Target.Path!;
        (SafeFileHandle file, long remaining) = await pool.Threads.RunAsync(() => Open(path, algorithm), cancellation).ConfigureAwait(false);
        using (file)
        {
            if (algorithm != Zero)
            {
                await pool.Host.RunAsync(Scrub(algorithm, path), cancellation).ConfigureAwait(false);
                return;
            }

            await FileSpace.WriteZerosAsync(pool.Threads, file, 0, remaining, progress, cancellation).ConfigureAwait(false);
            await pool.Threads.RunAsync(
                () => SystemCall.Check(FileSystemCalls.SynchroniseData(file), $"cannot sync data to volume with path '{path}'"),
                cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The command for one of the algorithms 1 to 8.</summary>
    public static Command Scrub(uint algorithm, string path) => new("scrub", ["-f", "-p", Patterns[algorithm - 1], path]);

    /// <summary>
    /// Opens the file and says how much of it is to be overwritten: nothing of a sparse one, which is wiped by being cut to nothing and extended again.
    /// </summary>
    private static (SafeFileHandle File, long Remaining) Open(string path, uint algorithm)
    {
        SystemCall.Check(
            FileSystemCalls.Open(path, OpenFlags.ReadWrite | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal, out SafeFileHandle? file),
            $"cannot open storage volume with path '{path}'");
        try
        {
            SystemCall.Check(FileStatusCalls.Get(file!, out FileStatus status), $"cannot stat storage volume with path '{path}'");
            if (algorithm != Zero)
            {
                return (file!, 0);
            }

            if (status.Type != FileType.Regular)
            {
                return (file!, SystemCall.Check(FileSpaceCalls.End(file!), $"cannot find the end of storage volume with path '{path}'"));
            }

            if (status.Blocks >= status.Size / BlockUnit)
            {
                return (file!, status.Size);
            }

            SystemCall.Check(FileSpaceCalls.SetLength(file!, 0), $"cannot truncate volume with path '{path}' to 0 bytes");
            SystemCall.Check(FileSpaceCalls.SetLength(file!, status.Size), $"cannot truncate volume with path '{path}' to {status.Size} bytes");
            return (file!, 0);
        }
        catch
        {
            file!.Dispose();
            throw;
        }
    }
}
