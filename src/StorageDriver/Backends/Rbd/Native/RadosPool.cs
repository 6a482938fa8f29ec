using System.Runtime.InteropServices;

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

    /// <summary>Keeps the pool open until the call that <paramref name="start"/> begins has ended.</summary>
    public async Task<T> KeepAsync<T>(Func<Task<T>> start)
    {
        bool referenced = false;
        try
        {
            DangerousAddRef(ref referenced);
            return await start().ConfigureAwait(false);
        }
        finally
        {
            if (referenced)
            {
                DangerousRelease();
            }
        }
    }

    protected override bool ReleaseHandle()
    {
        RadosCalls.ClosePool(handle);
        _cluster!.DangerousRelease();
        return true;
    }
}
