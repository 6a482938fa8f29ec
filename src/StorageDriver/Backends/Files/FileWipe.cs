using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Files;

/// <summary>
/// Overwrites volumes. What a file system that copies on write, a snapshot or a shared extent keeps of the old content lies out of a file's reach.
/// </summary>
internal static class FileWipe
{
    private const uint Zero = 0;
    private const uint Trim = 9;
    private const long TrimStep = 1L << 30;

    /// <summary>Names of scrub(1) for the algorithms 1 to 8.</summary>
    private static readonly string[] Patterns = ["nnsa", "dod", "bsi", "gutmann", "schneier", "pfitzner7", "pfitzner33", "random"];

    /// <exception cref="StorageException">74/18: the storage cannot trim; 38/18: the file cannot be opened or written; 1/0: scrub failed.</exception>
    public static async ValueTask RunAsync(
        PoolContext pool, VolumeDefinition volume, uint algorithm, JobProgress progress, CancellationToken cancellation)
    {
        string path = volume.Target.Path!;
        WipedFile file = await pool.Threads.RunAsync(() => WipedFile.Open(path), cancellation).ConfigureAwait(false);
        using (file)
        {
            await (algorithm switch
            {
                Zero => WriteZerosAsync(pool.Threads, file, progress, cancellation),
                Trim => TrimAsync(pool.Threads, file, cancellation),
                _ => ScrubAsync(pool.Host, algorithm, path, cancellation),
            }).ConfigureAwait(false);
        }
    }

    /// <summary>The command for one of the algorithms 1 to 8.</summary>
    public static Command Scrub(uint algorithm, string path) => new("scrub", ["-f", "-p", Patterns[algorithm - 1], path]);

    private static async Task ScrubAsync(HostContext host, uint algorithm, string path, CancellationToken cancellation) =>
        await host.RunAsync(Scrub(algorithm, path), cancellation).ConfigureAwait(false);

    /// <summary>Holes stay holes; every block that is the file's is written to in place.</summary>
    private static async Task WriteZerosAsync(PoolThreads threads, WipedFile file, JobProgress progress, CancellationToken cancellation)
    {
        try
        {
            bool more;
            do
            {
                more = await threads.RunAsync(file.WriteStep, cancellation).ConfigureAwait(false);
                FileSpace.Tell(progress, file.Written);
            }
            while (more);

            await threads.RunAsync(file.Synchronise, cancellation).ConfigureAwait(false);
        }
        finally
        {
            if (file.IsExtended)
            {
                await threads.RunAsync(file.RestoreLength, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Gives the space back, which tells devices beneath that its content is not needed: a promise of nothing.</summary>
    private static async Task TrimAsync(PoolThreads threads, WipedFile file, CancellationToken cancellation)
    {
        for (long offset = 0; offset < file.Size; offset += TrimStep)
        {
            long from = offset;
            await threads.RunAsync(() => file.Discard(from, Math.Min(TrimStep, file.Size - from)), cancellation).ConfigureAwait(false);
        }

        await threads.RunAsync(file.Synchronise, cancellation).ConfigureAwait(false);
    }
}
