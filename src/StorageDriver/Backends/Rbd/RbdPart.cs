using System.Collections.Concurrent;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Definitions;
using Cistern.Storage.Host;
using Cistern.Storage.Persistence;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>Images under construction: their names, hidden from clients, and what becomes of those that a killed server left.</summary>
internal static class RbdPart
{
    /// <summary>What is being removed, whichever activation of a pool began it: librbd ends the process when two remove one image.</summary>
    private static readonly ConcurrentDictionary<string, bool> Underway = new(StringComparer.Ordinal);

    public static string Name(PoolContext pool, string name) => FileNames.Part(name, pool.Host.InstanceId, Guid.NewGuid().ToString("N"));

    /// <summary>Records an image before it is made, until it has its own name or is gone.</summary>
    public static BuildRecord Record(PoolContext pool, string part) => pool.Host.Journal.Record($"{Folder(pool.Definition)}/{part}");

    /// <summary>
    /// Begins to remove, of the images under construction that a scan found, those that an earlier process of this instance recorded. It may take
    /// half a minute until the cluster believes that nobody uses one any more: a later scan tries again.
    /// </summary>
    public static void RemoveLeft(PoolContext pool, RbdSession session, IEnumerable<string> parts)
    {
        HashSet<string> found = [.. parts.Where(part => !part.Contains(FileNames.Mark(pool.Host.InstanceId), StringComparison.Ordinal))];
        if (found.Count > 0)
        {
            _ = RemoveAsync(pool, session, found);
        }
    }

    /// <summary>A folder that there never is: the clean-up of files leaves the record alone.</summary>
    private static string Folder(PoolDefinition pool) => $"/dev/null/rbd/{pool.Uuid}";

    private static async Task RemoveAsync(PoolContext pool, RbdSession session, HashSet<string> found)
    {
        string folder = Folder(pool.Definition) + '/';
        try
        {
            await LongCall.RunAsync(() =>
            {
                foreach (string record in pool.Host.Journal.Records())
                {
                    string path = File.ReadAllText(record);
                    if (path.StartsWith(folder, StringComparison.Ordinal) && found.Contains(path[folder.Length..]))
                    {
                        Remove(session, record, path, path[folder.Length..]);
                    }
                }

                return true;
            }).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // A record whose image got its name meanwhile, or a pool that stopped.
        }
    }

    private static void Remove(RbdSession session, string record, string path, string image)
    {
        if (!Underway.TryAdd(path, true))
        {
            return;
        }

        try
        {
            if (RbdCalls.Remove(session.Pool, image) is >= 0 or -Errno.NoEntry)
            {
                File.Delete(record);
            }
        }
        finally
        {
            Underway.TryRemove(path, out _);
        }
    }
}
