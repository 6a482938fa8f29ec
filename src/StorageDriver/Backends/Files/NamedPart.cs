using Cistern.Storage.Definitions;
using Cistern.Storage.Host;
using Cistern.Storage.Persistence;

namespace Cistern.Storage.Backends.Files;

/// <summary>
/// The temporary name, in the pool's folder, of a volume under construction. The journal records it until the volume has its own name or is gone.
/// Results as <see cref="SystemCall"/> says.
/// </summary>
internal sealed class NamedPart : IDisposable
{
    private readonly FileUser? _user;
    private readonly bool _isFolder;
    private readonly BuildRecord _record;
    private bool _exists;

    /// <param name="user">As whom to work; null: the server.</param>
    public NamedPart(PoolContext pool, VolumeDefinition volume, FileUser? user)
    {
        _user = user;
        _isFolder = volume.Kind == VolumeKind.Dir;
        Path = $"{pool.Definition.Target!.Path}/{FileNames.Part(volume.Name, pool.Host.InstanceId, Guid.NewGuid().ToString("N"))}";
        _record = pool.Host.Journal.Record(Path);
    }

    public string Path { get; }

    /// <summary>Makes what is to have the name.</summary>
    public int Make(Func<int> make)
    {
        int result = FileUser.Run(_user, make);
        _exists = result >= 0;
        return result;
    }

    /// <summary>
    /// Gives it its own name, never replacing what has it: <see cref="Errno.Exists"/>. In one step where the file system can, else by a second link,
    /// else by replacing something empty that was made, exclusively, to hold the name.
    /// </summary>
    public int Publish(string path)
    {
        int result = FileUser.Run(_user, () => FileSystemCalls.RenameNew(Path, path));
        if (result == -Errno.Exists && IsLinkedAs(path))
        {
            // A network file system made the link, lost its answer and was asked again.
            result = FileUser.Run(_user, () => FileSystemCalls.Unlink(Path));
        }
        else if (result is -Errno.NotPermitted or -Errno.NotSupported or -Errno.NotImplemented or -Errno.TooManyLinks)
        {
            result = PublishOverPlaceholder(path);
        }

        if (result == 0)
        {
            _exists = false;
            _record.Dispose();
            _ = FileSystemCalls.SynchroniseFolder(System.IO.Path.GetDirectoryName(path)!);
        }

        return result;
    }

    /// <summary>As <see cref="Publish"/>, for a file system that can neither rename without replacing nor link.</summary>
    public int PublishOverPlaceholder(string path)
    {
        if (FileStatusCalls.GetNoFollow(path, out _) != -Errno.NoEntry)
        {
            return -Errno.Exists;
        }

        _record.Hold(path);
        int result = FileUser.Run(_user, () => MakePlaceholder(path));
        if (result < 0)
        {
            return result;
        }

        result = FileUser.Run(_user, () => FileSystemCalls.Rename(Path, path));
        if (result < 0)
        {
            _ = Remove(path);
        }

        return result;
    }

    /// <summary>Removes what still has the temporary name; what cannot be removed stays recorded.</summary>
    public void Dispose()
    {
        if (!_exists || Remove(Path) is 0 or -Errno.NoEntry)
        {
            _record.Dispose();
        }
    }

    private int MakePlaceholder(string path)
    {
        if (_isFolder)
        {
            return FileSystemCalls.MakeFolder(path, FileOwnership.DefaultVolumeMode);
        }

        int result = FileSystemCalls.Open(
            path, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive, FileOwnership.DefaultVolumeMode, out var placeholder);
        placeholder?.Dispose();
        return result;
    }

    private bool IsLinkedAs(string path) =>
        FileStatusCalls.GetNoFollow(Path, out FileStatus part) == 0
        && FileStatusCalls.GetNoFollow(path, out FileStatus published) == 0
        && part.IsSameAs(published);

    private int Remove(string path)
    {
        int result = FileUser.Run(_user, () => _isFolder ? FileSystemCalls.RemoveEmptyFolder(path) : FileSystemCalls.Unlink(path));
        return FileUser.IsRefusal(-result) ? FileRemoval.UnlinkOrRemoveEmptyFolder(path) : result;
    }
}
