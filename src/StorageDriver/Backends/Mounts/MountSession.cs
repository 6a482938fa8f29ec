using Cistern.Storage.Backends.Files;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Mounts;

/// <summary>A running pool on a mount that others may take away and bring back at any time.</summary>
internal sealed class MountSession : IFilePoolSession
{
    private readonly KernelRoots _kernel;
    private readonly string _target;
    private readonly IMountSource _source;

    /// <summary>The mount as last seen; null: there was none.</summary>
    private volatile PoolMount? _mount;

    private MountSession(KernelRoots kernel, string target, IMountSource source)
    {
        _kernel = kernel;
        _target = target;
        _source = source;
    }

    /// <summary>Never of the folder beneath, which may lie on any file system.</summary>
    public bool IsLocal => _mount is { IsLocal: true };

    /// <summary>Whether the mount as last seen is still what lies at the target. Never asks the storage, which may hang.</summary>
    public bool IsStillThere => _mount is { } mount && MountTable.FindTop(_kernel, mount.Mount.Point) == mount.Mount;

    /// <exception cref="StorageException">38/18: the pool is not mounted.</exception>
    public static MountSession Open(KernelRoots kernel, string target, IMountSource source)
    {
        MountSession session = new(kernel, target, source);
        session.Require();
        return session;
    }

    public void Require()
    {
        bool isSeen = FileStatusCalls.Get(_target, out FileStatus status) == 0
            && _mount is { } mount && (status.MountId, status.Device) == (mount.MountId, mount.Device);
        if (!isSeen && (_mount = PoolMount.Find(_kernel, _target, _source) is { IsPools: true } found ? found : null) is null)
        {
            throw StorageErrors.NotMounted(_source.Name, _target);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
