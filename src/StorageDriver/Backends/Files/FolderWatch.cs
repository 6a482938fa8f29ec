using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>The two ways of watching a pool's folder.</summary>
internal static class FolderWatch
{
    /// <summary>The kernel tells of everything on a local file system; changes made by another host it does not know.</summary>
    /// <exception cref="StorageException">38/18: the folder cannot be opened, or is not the pool's storage.</exception>
    public static IPoolWatcher Start(PoolContext pool, IPoolChanges changes)
    {
        string path = pool.Definition.Target!.Path;
        SystemCall.Check(FileSystemCalls.Open(path, OpenFlags.NameOnly | OpenFlags.Directory, out SafeFileHandle? folder), $"cannot open directory '{path}'");
        using (folder)
        {
            FileLook.Require(pool);
            SystemCall.Check(FileStatusCalls.Get(folder!, out FileStatus status), $"cannot stat path '{path}'");
            bool isLocal = FileSystemStatus.Get(folder!, out FileSystemStatus fileSystem) == 0 && fileSystem.IsLocal;
            return isLocal && ToldFolder.Start(pool, folder!, status, changes) is { } told ? told : new PolledFolder(pool, status);
        }
    }
}
