using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>The target folder of a pool of files.</summary>
internal static class PoolFolder
{
    private const uint NoOverwrite = 4;
    private const uint Overwrite = 8;
    private const uint ParentMode = 0x1FF; // 0777, cut by the server's umask

    /// <summary>Builds a pool that is nothing but its folder.</summary>
    /// <exception cref="StorageException">55/18: a flag asks for a file system to be made, and there is no device to make it on; 8/18; 38/18.</exception>
    public static ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation) =>
        flags switch
        {
            0 => new ValueTask(pool.Threads.RunAsync(() => Build(pool.Definition), cancellation)),
            NoOverwrite or Overwrite => ValueTask.FromException(StorageErrors.NoDeviceToFormat(pool.Definition.Name)),
            NoOverwrite | Overwrite => ValueTask.FromException(StorageErrors.ExclusiveFlags(flags, "building of a pool")),
            _ => ValueTask.FromException(StorageErrors.UnsupportedFlags(flags, "building of a pool")),
        };

    /// <exception cref="StorageException">8/18: flags; 38/18, for example when the folder is not empty.</exception>
    public static ValueTask DeleteAsync(PoolContext pool, uint flags, CancellationToken cancellation) =>
        flags == 0
            ? new ValueTask(pool.Threads.RunAsync(() => Delete(pool.Definition), cancellation))
            : ValueTask.FromException(StorageErrors.UnsupportedFlags(flags, "deletion of a pool"));

    /// <summary>Makes the folder and what leads to it. One that exists keeps of owner, group and mode what the document does not give.</summary>
    /// <exception cref="StorageException">8/18: a relative path; 38/18.</exception>
    public static void Build(PoolDefinition pool)
    {
        string path = pool.Target!.Path;
        if (!path.StartsWith('/'))
        {
            throw StorageErrors.PathNotAbsolute(path);
        }

        MakeParents(path);
        int result = FileSystemCalls.MakeFolder(path, pool.Target.Permissions?.Mode ?? FileOwnership.DefaultPoolMode);
        bool made = result == 0;
        if (!made && result != -Errno.Exists)
        {
            throw StorageErrors.System(-result, $"cannot create directory '{path}'");
        }

        try
        {
            SetAttributes(pool, made);
        }
        catch when (made)
        {
            _ = FileSystemCalls.RemoveEmptyFolder(path);
            throw;
        }
    }

    public static bool Exists(PoolDefinition pool) => FileStatusCalls.Get(pool.Target!.Path, out _) == 0;

    private static void Delete(PoolDefinition pool) =>
        SystemCall.Check(FileSystemCalls.RemoveEmptyFolder(pool.Target!.Path), $"cannot remove pool '{pool.Name}' at '{pool.Target.Path}'");

    private static void MakeParents(string path)
    {
        for (int slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            string parent = path[..slash];
            int result = FileSystemCalls.MakeFolder(parent, ParentMode);
            if (result < 0 && FileStatusCalls.Get(parent, out _) < 0)
            {
                throw StorageErrors.System(-result, $"cannot create path '{parent}'");
            }
        }
    }

    private static void SetAttributes(PoolDefinition pool, bool made)
    {
        string path = pool.Target!.Path;
        SystemCall.Check(
            FileSystemCalls.Open(path, OpenFlags.ReadOnly | OpenFlags.Directory, out SafeFileHandle? folder), $"cannot open directory '{path}'");
        using (folder)
        {
            FileOwnership.Set(folder!, pool.Target.Permissions, made ? FileOwnership.DefaultPoolMode : null, path);
            if (pool.Cow is { } cow)
            {
                SystemCall.Check(FileSpaceCalls.SetNoCopyOnWrite(folder!, !cow), $"cannot control copy on write of directory '{path}'");
            }
        }
    }
}
