namespace Cistern.Storage.Host;

/// <summary>Removal of files and folders, as their owner where the server is refused. Results as <see cref="SystemCall"/> says.</summary>
internal static class FileRemoval
{
    public static int Unlink(string path) => Remove(path, FileSystemCalls.Unlink);

    public static int RemoveEmptyFolder(string path) => Remove(path, FileSystemCalls.RemoveEmptyFolder);

    /// <summary>Either, by what there is at the path.</summary>
    public static int UnlinkOrRemoveEmptyFolder(string path)
    {
        int result = Unlink(path);
        return result == -Errno.IsDirectory ? RemoveEmptyFolder(path) : result;
    }

    /// <summary>A folder that holds files only: a ploop volume's image, its snapshots and their descriptor.</summary>
    public static int RemoveFolderOfFiles(string path)
    {
        if (Directory.Exists(path))
        {
            foreach (string file in Directory.EnumerateFiles(path))
            {
                _ = Unlink(file);
            }
        }

        return RemoveEmptyFolder(path);
    }

    /// <summary>The owner is the file's, and where it may not even be looked at the folder's.</summary>
    private static int Remove(string path, Func<string, int> remove)
    {
        int result = remove(path);
        if (!FileUser.IsRefusal(-result) || !Environment.IsPrivilegedProcess)
        {
            return result;
        }

        bool known = FileStatusCalls.GetNoFollow(path, out FileStatus status) == 0
            || FileStatusCalls.Get(Path.GetDirectoryName(path)!, out status) == 0;
        int asOwner = known ? new FileUser(status.Owner, status.Group).Run(() => remove(path)) : result;
        return FileUser.IsRefusal(-asOwner) ? result : asOwner;
    }
}
