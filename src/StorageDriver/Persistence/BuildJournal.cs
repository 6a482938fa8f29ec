using Cistern.Storage.Host;

namespace Cistern.Storage.Persistence;

/// <summary>
/// Files and folders of volumes under construction that a killed server would leave behind: one record, a file holding the path, for each.
/// Only what is recorded here is ever cleaned up, so that servers sharing a folder do not touch each other's work.
/// A record outlives a killed process, not a crashed host: it is not synced.
/// </summary>
public sealed class BuildJournal(string directory)
{
    private string Directory { get; } = Path.Combine(directory, "building");

    /// <summary>Records <paramref name="path"/> before the file or folder is made.</summary>
    public BuildRecord Record(string path)
    {
        System.IO.Directory.CreateDirectory(Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new BuildRecord(Path.Combine(Directory, Guid.NewGuid().ToString("N")), path);
    }

    /// <summary>The records there are; when a server starts, those that an earlier one left.</summary>
    public IReadOnlyList<string> Records() => System.IO.Directory.Exists(Directory) ? System.IO.Directory.GetFiles(Directory) : [];

    /// <summary>
    /// Removes what the records name. A path whose folder is missing (not mounted yet), or that cannot be removed, stays recorded; the others are
    /// removed all the same.
    /// </summary>
    /// <exception cref="IOException">Something could not be removed.</exception>
    public static void CleanUp(IEnumerable<string> records)
    {
        List<string> failures = [];
        foreach (var record in records)
        {
            var paths = File.ReadAllText(record).Split(BuildRecord.Separator);
            if (!System.IO.Directory.Exists(Path.GetDirectoryName(paths[0])))
            {
                continue;
            }

            if (CleanUp(paths[0], paths.Length > 1 ? paths[1] : null))
            {
                File.Delete(record);
            }
            else
            {
                failures.Add($"'{paths[0]}' cannot be removed");
            }
        }

        if (failures.Count > 0)
        {
            throw new IOException(string.Join("; ", failures));
        }
    }

    /// <param name="held">The final name that an empty file or folder may hold.</param>
    private static bool CleanUp(string part, string? held)
    {
        if (FileStatusCalls.GetNoFollow(part, out _) == 0
            && held is not null
            && FileStatusCalls.GetNoFollow(held, out FileStatus status) == 0
            && (status.Type == FileType.Directory || status is { Type: FileType.Regular, Size: 0 }))
        {
            _ = FileRemoval.UnlinkOrRemoveEmptyFolder(held);
        }

        int result = FileRemoval.Unlink(part);
        return (result == -Errno.IsDirectory ? FileRemoval.RemoveFolderOfFiles(part) : result) is 0 or -Errno.NoEntry;
    }
}
