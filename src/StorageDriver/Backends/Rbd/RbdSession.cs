using System.Collections.Concurrent;
using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Secrets;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>A running pool's connection to its cluster. As long as it lasts it removes what a killed server left under construction.</summary>
internal sealed class RbdSession : IPoolSession
{
    /// <summary>The cluster takes a killed server for a user of its images for half a minute.</summary>
    private static readonly TimeSpan RemovalPause = TimeSpan.FromSeconds(5);

    /// <summary>What is being removed, whichever session began it: librbd ends the process when two remove one image.</summary>
    private static readonly ConcurrentDictionary<string, bool> BeingRemoved = new(StringComparer.Ordinal);

    private readonly CancellationTokenSource _ended = new();
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
        RbdSession session = await pool.Threads.RunAsync(() => Open(definition, key), cancellation).ConfigureAwait(false);
        _ = session.RemoveLeftAsync(pool);
        return session;
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
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        await LongCall.RunAsync(
            () =>
            {
                Pool.Dispose();
                _cluster.Dispose();
                return 0;
            }).ConfigureAwait(false);
    }

    private async Task RemoveLeftAsync(PoolContext pool)
    {
        try
        {
            while (!await LongCall.RunAsync(() => RemotePart.RemoveLeft(pool, Remove)).ConfigureAwait(false))
            {
                await Task.Delay(RemovalPause, pool.Host.Clock, _ended.Token).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
        {
            // The pool stopped; its next start goes on.
        }
    }

    /// <summary>Part names are unique.</summary>
    private bool Remove(string image)
    {
        if (!BeingRemoved.TryAdd(image, true))
        {
            return false;
        }

        try
        {
            return RbdCalls.Remove(Pool, image) is >= 0 or -Errno.NoEntry;
        }
        finally
        {
            BeingRemoved.TryRemove(image, out _);
        }
    }

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
