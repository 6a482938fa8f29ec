using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Persistence;

namespace Cistern.Storage.Backends;

/// <summary>
/// Volumes under construction where this host has no files: their names, hidden from clients, and the records by which a later process finds what a killed
/// one left.
/// </summary>
internal static class RemotePart
{
    public static string Name(PoolContext pool, string volume) => FileNames.Part(volume, pool.Host.InstanceId, Guid.NewGuid().ToString("N"));

    /// <summary>Records a part before it is made, until it has its own name or is gone.</summary>
    public static BuildRecord Record(PoolContext pool, string part) => pool.Host.Journal.Record(Folder(pool.Definition) + part);

    /// <summary>Removes of a pool's parts those that earlier processes left. Blocks as the removal does.</summary>
    /// <param name="remove">Given a part's name, says whether it is gone.</param>
    /// <returns>Whether nothing is left.</returns>
    public static bool RemoveLeft(PoolContext pool, Func<string, bool> remove)
    {
        string folder = Folder(pool.Definition);
        bool isDone = true;
        foreach (string record in pool.Host.Journal.Records())
        {
            if (Read(record) is { } path
                && path.StartsWith(folder, StringComparison.Ordinal)
                && !path.Contains(FileNames.Mark(pool.Host.InstanceId), StringComparison.Ordinal))
            {
                if (remove(path[folder.Length..]))
                {
                    File.Delete(record);
                }
                else
                {
                    isDone = false;
                }
            }
        }

        return isDone;
    }

    /// <summary>A folder that there never is: the clean-up of files leaves the record alone.</summary>
    private static string Folder(PoolDefinition pool) => $"/dev/null/{pool.Uuid}/";

    /// <summary>Null for a record of which what it names got its name meanwhile.</summary>
    private static string? Read(string record)
    {
        try
        {
            return File.ReadAllText(record);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
