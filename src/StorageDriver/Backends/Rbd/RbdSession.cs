using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Secrets;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>A running pool's connection to its cluster.</summary>
internal sealed class RbdSession : IPoolSession
{
    private readonly RadosCluster _cluster;

    private RbdSession(RadosCluster cluster, RadosPool pool)
    {
        _cluster = cluster;
        Pool = pool;
    }

    /// <summary>The pool of the cluster.</summary>
    public RadosPool Pool { get; }

    /// <summary>The session of a running pool.</summary>
    public static RbdSession Of(PoolContext pool) => pool.Session as RbdSession ?? throw StorageErrors.PoolNotActive(pool.Definition.Name);

    /// <exception cref="StorageException">66/30, 8/0: the secret; 1/18: an option, a library; 38/18: the cluster, or it has no such pool; 68/18.</exception>
    public static async ValueTask<RbdSession> OpenAsync(PoolContext pool, CancellationToken cancellation)
    {
        PoolDefinition definition = pool.Definition;
        ReadOnlyMemory<byte>? key = await KeyAsync(pool.Host, definition.Source, cancellation).ConfigureAwait(false);
        return await pool.Threads.RunAsync(() => Open(definition, key), cancellation).ConfigureAwait(false);
    }

    /// <summary>The value of the source's secret; null without authentication.</summary>
    public static async ValueTask<ReadOnlyMemory<byte>?> KeyAsync(HostContext host, PoolSource source, CancellationToken cancellation) =>
        source.Auth is { } auth ? await host.Secrets.GetValueAsync(auth.Secret, SecretUsageType.Ceph, cancellation).ConfigureAwait(false) : null;

    /// <summary>How large the cluster is, and how much of it the pool takes. Blocks.</summary>
    /// <exception cref="StorageException">38/18.</exception>
    public unsafe PoolNumbers Numbers(string name)
    {
        const int StatusSize = 16;
        const ulong KiB = 1024;
        Pool.Keep();
        try
        {
            Check(RadosCalls.Status(_cluster, out RadosClusterStatus cluster), "cannot ask the cluster for its size");
            ulong* pool = stackalloc ulong[StatusSize];
            Check(RadosCalls.PoolStatus(Pool, pool), $"cannot ask the cluster for the size of pool '{name}'");
            return new PoolNumbers(cluster.Size * KiB, pool[0], cluster.Available * KiB);
        }
        finally
        {
            Pool.DangerousRelease();
        }
    }

    /// <summary>Images that are still open keep the connection.</summary>
    public async ValueTask DisposeAsync() => await LongCall.RunAsync(
        () =>
        {
            Pool.Dispose();
            _cluster.Dispose();
            return 0;
        }).ConfigureAwait(false);

    private static RbdSession Open(PoolDefinition definition, ReadOnlyMemory<byte>? key)
    {
        RadosCluster cluster = RbdConnection.Connect(definition.Source, definition.ConfigOptions, key);
        try
        {
            string name = definition.Source.Name!;
            Check(RadosPool.Open(cluster, name, out RadosPool pool), $"cannot open pool '{name}' of the cluster");
            return new RbdSession(cluster, pool);
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    private static void Check(int result, string detail)
    {
        if (result < 0)
        {
            throw StorageErrors.System(-result, detail);
        }
    }
}
