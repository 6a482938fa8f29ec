using System.Runtime.InteropServices;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Rbd.Native;

/// <summary>A pool of a cluster, which may be used by any number of threads at once.</summary>
internal sealed class RadosPool() : SafeHandle(0, ownsHandle: true)
{
    private RadosCluster? _cluster;

    public override bool IsInvalid => handle == 0;

    /// <returns>A negated error number, with no pool.</returns>
    public static int Open(RadosCluster cluster, string name, out RadosPool pool)
    {
        pool = new RadosPool();
        int result = RadosCalls.OpenPool(cluster, name, out nint opened);
        if (result >= 0)
        {
            bool referenced = false;
            cluster.DangerousAddRef(ref referenced);
            pool._cluster = cluster;
            pool.SetHandle(opened);
        }

        return result;
    }

    /// <summary>Keeps the pool open until <see cref="SafeHandle.DangerousRelease"/>.</summary>
    /// <exception cref="StorageException">38/18: it is closed.</exception>
    public void Keep()
    {
        bool isKept = false;
        try
        {
            DangerousAddRef(ref isKept);
        }
        catch (ObjectDisposedException)
        {
            throw StorageErrors.System(Errno.Shutdown, "the connection to the cluster is closed");
        }
    }

    /// <summary>Keeps the pool open until the call that <paramref name="start"/> begins has ended.</summary>
    /// <exception cref="StorageException">38/18: it is closed.</exception>
    public async Task<T> KeepAsync<T>(Func<Task<T>> start)
    {
        Keep();
        try
        {
            return await start().ConfigureAwait(false);
        }
        finally
        {
            DangerousRelease();
        }
    }

    protected override bool ReleaseHandle()
    {
        RadosCalls.ClosePool(handle);
        _cluster!.DangerousRelease();
        return true;
    }
}
