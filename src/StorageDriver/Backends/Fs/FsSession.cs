using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Fs;

/// <summary>A running pool on a mount that others may take away and bring back at any time.</summary>
internal sealed class FsSession : IFilePoolSession
{
    private readonly KernelRoots _kernel;
    private readonly PoolDefinition _pool;

    /// <summary>The mount as last seen; null: there was none.</summary>
    private volatile FsMount? _mount;

    private FsSession(KernelRoots kernel, PoolDefinition pool)
    {
        _kernel = kernel;
        _pool = pool;
    }

    /// <summary>Never of the folder beneath, which may lie on any file system.</summary>
    public bool IsLocal => _mount is { IsLocal: true };

    /// <exception cref="StorageException">38/18: the pool is not mounted.</exception>
    public static FsSession Open(KernelRoots kernel, PoolDefinition pool)
    {
        FsSession session = new(kernel, pool);
        session.Require();
        return session;
    }

    public void Require()
    {
        string target = _pool.Target!.Path;
        bool isSeen = FileStatusCalls.Get(target, out FileStatus status) == 0
            && _mount is { } mount && (status.MountId, status.Device) == (mount.MountId, mount.Device);
        if (!isSeen && (_mount = FsMount.Find(_kernel, _pool) is { IsPools: true } found ? found : null) is null)
        {
            throw StorageErrors.NotMounted(_pool.Source.Devices[0].Path, target);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
