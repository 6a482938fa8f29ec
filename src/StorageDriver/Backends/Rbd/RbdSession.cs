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
    private readonly Lock _lock = new();
    private volatile Connection _connection;

    private RbdSession(Connection connection) => _connection = connection;

    /// <summary>The pool of the cluster.</summary>
    public RadosPool Pool => _connection.Pool;

    /// <summary>The session of a running pool.</summary>
    public static RbdSession Of(PoolContext pool) => pool.Session as RbdSession ?? throw StorageErrors.PoolNotActive(pool.Definition.Name);

    /// <exception cref="StorageException">66/30, 8/0: the secret; 1/18: an option, a library; 38/18: the cluster, or it has no such pool; 68/18.</exception>
    public static async ValueTask<RbdSession> OpenAsync(PoolContext pool, CancellationToken cancellation)
    {
        PoolDefinition definition = pool.Definition;
        ReadOnlyMemory<byte>? key = await KeyAsync(pool.Host, definition.Source, cancellation).ConfigureAwait(false);
        RbdSession session = new(await pool.Threads.RunAsync(() => Open(definition, key), cancellation).ConfigureAwait(false));
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
        Connection connection = _connection;
        connection.Pool.Keep();
        try
        {
            Check(RadosCalls.Status(connection.Cluster, out RadosClusterStatus cluster), "cannot ask the cluster for its size");
            ulong* pool = stackalloc ulong[StatusSize];
            Check(RadosCalls.PoolStatus(connection.Pool, pool), $"cannot ask the cluster for the size of pool '{name}'");
            return new PoolNumbers(cluster.Size * KiB, pool[0], cluster.Available * KiB);
        }
        finally
        {
            connection.Pool.DangerousRelease();
        }
    }

    /// <summary>Makes another connection in place of one that the cluster does not let in any more; images that are open keep that.</summary>
    /// <param name="lost">Of the connection; nothing is done when it is not that of the session.</param>
    /// <exception cref="StorageException">As <see cref="OpenAsync"/>.</exception>
    public async ValueTask ReconnectAsync(PoolContext pool, RadosPool lost, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte>? key = await KeyAsync(pool.Host, pool.Definition.Source, cancellation).ConfigureAwait(false);
        Connection? replaced = await pool.Threads.RunAsync(() => Replace(lost, pool.Definition, key), cancellation).ConfigureAwait(false);
        _ = replaced is null ? null : CloseAsync(replaced);
    }

    /// <summary>Images that are still open keep the connection.</summary>
    public async ValueTask DisposeAsync() => await CloseAsync(End()).ConfigureAwait(false);

    private Connection End()
    {
        lock (_lock)
        {
            _ended.Cancel();
            return _connection;
        }
    }

    private static Task<int> CloseAsync(Connection connection) => LongCall.RunAsync(
        () =>
        {
            connection.Pool.Dispose();
            connection.Cluster.Dispose();
            return 0;
        });

    /// <returns>What is to be closed.</returns>
    private Connection? Replace(RadosPool lost, PoolDefinition definition, ReadOnlyMemory<byte>? key)
    {
        if (Pool != lost || _ended.IsCancellationRequested)
        {
            return null;
        }

        Connection made = Open(definition, key);
        lock (_lock)
        {
            Connection current = _connection;
            if (current.Pool != lost || _ended.IsCancellationRequested)
            {
                return made;
            }

            _connection = made;
            return current;
        }
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
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            // The pool stopped, or the records cannot be read: its next start goes on.
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
        catch (ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            BeingRemoved.TryRemove(image, out _);
        }
    }

    private static Connection Open(PoolDefinition definition, ReadOnlyMemory<byte>? key)
    {
        RadosCluster cluster = RbdConnection.Connect(definition.Source, definition.ConfigOptions, key);
        try
        {
            string name = definition.Source.Name!;
            Check(RadosPool.Open(cluster, name, out RadosPool pool), $"cannot open pool '{name}' of the cluster");
            return new Connection(cluster, pool);
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

    private sealed record Connection(RadosCluster Cluster, RadosPool Pool);
}
