using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Backends.Scsi;

/// <summary>The virtual port of a pool, made when it starts if there is none, and deleted when it stops if the pool made it or is to manage it.</summary>
internal static class FcPort
{
    /// <summary>Marks a pool that has made its port.</summary>
    private const string Made = "vport";

    /// <summary>Until the host of a new port is there.</summary>
    private static readonly TimeSpan HostWait = TimeSpan.FromSeconds(10);

    /// <summary>Until a new port has logged in to the fabric and sees a first unit; those that come later are told of by udev.</summary>
    private static readonly TimeSpan UnitWait = TimeSpan.FromSeconds(5);

    /// <exception cref="StorageException">
    /// 67/18: the names are those of a real host; 27/18: the port is of another parent; 27/22, 1/0, 55/0, 38/18: it cannot be made.
    /// </exception>
    public static async ValueTask StartAsync(PoolContext pool, FcHostAdapter adapter, CancellationToken cancellation)
    {
        KernelRoots kernel = pool.Host.Kernel;
        uint? made = await pool.Threads.RunAsync(() => FindParent(kernel, adapter), cancellation).ConfigureAwait(false);
        if (made is not { } parent)
        {
            return;
        }

        await using Undo undo = new(pool.Host.Loggers.CreateLogger<ScsiBackend>());
        await pool.Threads.RunAsync(() => FcHosts.MakePort(kernel, parent, adapter), cancellation).ConfigureAwait(false);
        undo.Add(() => new ValueTask(pool.Threads.RunAsync(() => FcHosts.DeletePort(kernel, parent, adapter), CancellationToken.None)));
        uint? host = await Patience.LookAsync(
            pool, HostWait, () => FcHosts.Find(kernel, adapter.Wwnn, adapter.Wwpn), found => found is not null, cancellation).ConfigureAwait(false);
        if (host is not { } number)
        {
            throw StorageErrors.NoFcHost(adapter.Wwnn, adapter.Wwpn);
        }

        pool.Host.Marks.Set(pool.Definition.Uuid, Made);
        undo.Commit();
        await Patience.LookAsync(pool, UnitWait, () => ScsiLuns.Find(kernel, number), luns => luns.Count > 0, cancellation).ConfigureAwait(false);
    }

    /// <summary>What is gone already needs no deletion; what is a real host cannot be deleted.</summary>
    /// <exception cref="StorageException">55/0, 38/18: it cannot be deleted.</exception>
    public static async ValueTask StopAsync(PoolContext pool, FcHostAdapter adapter, CancellationToken cancellation)
    {
        KernelRoots kernel = pool.Host.Kernel;
        Guid uuid = pool.Definition.Uuid;
        if (adapter.Managed == true || pool.Host.Marks.Has(uuid, Made))
        {
            await pool.Threads.RunAsync(
                () =>
                {
                    if (FcHosts.Find(kernel, adapter.Wwnn, adapter.Wwpn) is { } host && FcHosts.ParentOf(kernel, host) is { } parent)
                    {
                        FcHosts.DeletePort(kernel, parent, adapter);
                    }
                },
                cancellation).ConfigureAwait(false);
            pool.Host.Marks.Clear(uuid, Made);
        }
    }

    /// <summary>Where the port has to be made; null: it is there, as it should be.</summary>
    private static uint? FindParent(KernelRoots kernel, FcHostAdapter adapter)
    {
        if (FcHosts.Find(kernel, adapter.Wwnn, adapter.Wwpn) is not { } host)
        {
            return FcHosts.FindParent(kernel, adapter);
        }

        uint parent = FcHosts.ParentOf(kernel, host) ?? throw StorageErrors.FcHostNotVirtual($"host{host}");
        if (adapter.Parent is { } name)
        {
            uint asked = ScsiHosts.Number(name) ?? throw StorageErrors.FcParentMisnamed(name);
            if (!FcHosts.Exists(kernel, asked))
            {
                throw StorageErrors.NotAnFcHost(name);
            }

            if (asked != parent)
            {
                throw StorageErrors.OtherFcParent(name, $"host{host}", $"host{parent}");
            }
        }

        return null;
    }
}
