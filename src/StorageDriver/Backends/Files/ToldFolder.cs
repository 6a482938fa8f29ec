using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>A folder of whose changes the kernel tells. That the pool's path leads elsewhere, it does not: a mount over it, a parent's new name.</summary>
internal sealed class ToldFolder : IPoolWatcher, IFolderListener
{
    private readonly PoolContext _pool;
    private readonly (ulong Device, ulong Inode) _folder;
    private readonly IPoolChanges _changes;
    private int _watch;
    private volatile bool _isGone;

    private ToldFolder(PoolContext pool, in FileStatus status, IPoolChanges changes)
    {
        _pool = pool;
        _folder = (status.Device, status.Inode);
        _changes = changes;
    }

    public bool IsTold => true;

    /// <summary>Null where the kernel cannot watch the folder: there is no inotify, or its limits are reached.</summary>
    public static ToldFolder? Start(PoolContext pool, SafeFileHandle folder, in FileStatus status, IPoolChanges changes)
    {
        ToldFolder told = new(pool, status, changes);
        told._watch = pool.Host.Folders.Add(folder, told);
        return told._watch < 0 ? null : told;
    }

    /// <summary>A new folder may have the number of the one that went, so what was told counts.</summary>
    public ValueTask<bool> CheckAsync(CancellationToken cancellation) =>
        FileLook.RunAsync(
            _pool,
            () => !_isGone && FileStatusCalls.Get(_pool.Definition.Target!.Path, out FileStatus status) == 0 && (status.Device, status.Inode) == _folder,
            cancellation);

    public void Dispose() => _pool.Host.Folders.Remove(_watch, this);

    void IFolderListener.Changed(ReadOnlySpan<byte> name)
    {
        if (FileNames.TryRead(name, out string volume))
        {
            _changes.Changed(volume);
        }
    }

    void IFolderListener.Missed() => _changes.Missed();

    void IFolderListener.Gone()
    {
        _isGone = true;
        _changes.Gone();
    }
}
