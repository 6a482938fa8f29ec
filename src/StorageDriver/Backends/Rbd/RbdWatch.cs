using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>A pool whose list of images is looked at: its version tells when images came, went, or got other names, by one request.</summary>
internal sealed class RbdWatch : IPoolWatcher
{
    private readonly RadosPool _pool;
    private readonly ulong _version;

    private RbdWatch(RadosPool pool, ulong version)
    {
        _pool = pool;
        _version = version;
    }

    public bool IsTold => false;

    /// <exception cref="StorageException">38/18: the cluster does not answer.</exception>
    public static async ValueTask<IPoolWatcher> StartAsync(PoolContext pool)
    {
        RadosPool rados = RbdSession.Of(pool).Pool;
        return new RbdWatch(rados, await ReadAsync(rados).ConfigureAwait(false));
    }

    public async ValueTask<bool> CheckAsync(CancellationToken cancellation) => await ReadAsync(_pool).ConfigureAwait(false) == _version;

    public void Dispose()
    {
    }

    private static async ValueTask<ulong> ReadAsync(RadosPool pool)
    {
        (int result, ulong version) = await RbdHeaders.ReadListVersionAsync(pool).ConfigureAwait(false);
        return result >= 0 ? version : throw StorageErrors.System(-result, "cannot look at the list of images");
    }
}
