using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Scsi;

/// <summary>The units of a SCSI or Fibre Channel host, or of a virtual port that is made for the pool.</summary>
public sealed class ScsiBackend : BlockPoolBackend, IPoolActivation
{
    /// <summary>For what a look by the host itself brought: the kernel's device, udev's link.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(2);

    public override PoolTypeInfo Info => ScsiPoolType.Info;

    /// <exception cref="StorageException">1/0: the adapter's name is not that of a SCSI host; 27/0: there is no host at its address.</exception>
    public ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation) =>
        new(pool.Threads.RunAsync(() => FindHost(pool) is { } host && ScsiHosts.Exists(pool.Host.Kernel, host), cancellation));

    /// <summary>Whether a SCSI host is there is for the first refresh to find; a virtual port is made.</summary>
    /// <exception cref="StorageException">As <see cref="FcPort.StartAsync"/>.</exception>
    public async ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation)
    {
        if (pool.Definition.Source.Adapter is FcHostAdapter port)
        {
            await FcPort.StartAsync(pool, port, cancellation).ConfigureAwait(false);
        }

        return null;
    }

    /// <exception cref="StorageException">As <see cref="FcPort.StopAsync"/>.</exception>
    public ValueTask StopAsync(PoolContext pool, CancellationToken cancellation) =>
        pool.Definition.Source.Adapter is FcHostAdapter port ? FcPort.StopAsync(pool, port, cancellation) : ValueTask.CompletedTask;

    /// <summary>Asked by a client, it has the host itself look for units that came.</summary>
    /// <exception cref="StorageException">1/0, 27/0, 27/18: there is no such adapter; 38/18: no such host; 8/18: the target.</exception>
    public override async ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation)
    {
        uint host = await pool.Threads.RunAsync(() => RequireHost(pool), cancellation).ConfigureAwait(false);
        bool isPort = pool.Definition.Source.Adapter is FcHostAdapter;
        return await ScsiVolumes.ScanAsync(
            pool, host, pool.IsAsked ? Wait : TimeSpan.Zero, lun => isPort ? lun.Identity.SerialAtPort : lun.Identity.Serial, cancellation).ConfigureAwait(false);
    }

    /// <summary>Null: a virtual port that is not there.</summary>
    private static uint? FindHost(PoolContext pool) => pool.Definition.Source.Adapter switch
    {
        FcHostAdapter port => FcHosts.Find(pool.Host.Kernel, port.Wwnn, port.Wwpn),
        ScsiHostAdapter adapter => ScsiHosts.Find(pool.Host.Kernel, adapter),
        _ => null,
    };

    private static uint RequireHost(PoolContext pool)
    {
        if (FindHost(pool) is not { } host)
        {
            FcHostAdapter port = (FcHostAdapter)pool.Definition.Source.Adapter!;
            throw StorageErrors.NoFcHost(port.Wwnn, port.Wwpn);
        }

        if (pool.IsAsked)
        {
            ScsiHosts.Rescan(pool.Host.Kernel, host);
        }
        else if (!ScsiHosts.Exists(pool.Host.Kernel, host))
        {
            throw StorageErrors.NoScsiHost(host);
        }

        return host;
    }
}
