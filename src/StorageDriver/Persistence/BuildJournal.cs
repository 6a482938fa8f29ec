namespace Cistern.Storage.Persistence;

/// <summary>
/// Files of volumes under construction that a killed server would leave behind: one record, a file holding the path, per temporary file.
/// Only what is recorded here is ever cleaned up, so that servers sharing a folder do not touch each other's work.
/// A record outlives a killed process, not a crashed host: it is not synced.
/// </summary>
public sealed class BuildJournal(string directory)
{
    private string Directory { get; } = Path.Combine(directory, "building");

    /// <summary>Records <paramref name="path"/> before the file is made; dispose of the record when the file is gone or has its final name.</summary>
    public IDisposable Record(string path)
    {
        System.IO.Directory.CreateDirectory(Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var record = Path.Combine(Directory, Guid.NewGuid().ToString("N"));
        File.WriteAllText(record, path);
        return new Entry(record);
    }

    /// <summary>The records there are; when a server starts, those that an earlier one left.</summary>
    public IReadOnlyList<string> Records() => System.IO.Directory.Exists(Directory) ? System.IO.Directory.GetFiles(Directory) : [];

    /// <summary>Removes the files that the records name. A path whose folder is missing (not mounted yet) stays recorded.</summary>
    public static void CleanUp(IEnumerable<string> records)
    {
        foreach (var record in records)
        {
            var path = File.ReadAllText(record);
            if (System.IO.Directory.Exists(Path.GetDirectoryName(path)))
            {
                Remove(path);
                File.Delete(record);
            }
        }
    }

    private static void Remove(string path)
    {
        if (System.IO.Directory.Exists(path))
        {
            System.IO.Directory.Delete(path, recursive: true);
        }
        else
        {
            File.Delete(path);
        }
    }

    private sealed class Entry(string record) : IDisposable
    {
        public void Dispose() => File.Delete(record);
    }
}
