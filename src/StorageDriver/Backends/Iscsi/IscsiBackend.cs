using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Scsi;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Iscsi;

/// <summary>The units of an iSCSI target at which this host is logged in by open-iscsi.</summary>
public sealed class IscsiBackend : BlockPoolBackend, IPoolActivation, ISourceDiscovery
{
    /// <summary>For what a look for new units brought: the kernel's device, udev's link.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);

    public override PoolTypeInfo Info => IscsiPoolType.Info;

    /// <exception cref="StorageException">67 or 1/18: the source.</exception>
    public async ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation) =>
        await FindSessionAsync(pool, cancellation).ConfigureAwait(false) is not null;

    /// <summary>A session that there is already is taken, and left when the pool stops.</summary>
    /// <exception cref="StorageException">67 or 1/18: the source; as <see cref="IscsiLogin.BeginAsync"/>.</exception>
    public async ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation)
    {
        if (await FindSessionAsync(pool, cancellation).ConfigureAwait(false) is null)
        {
            await IscsiLogin.BeginAsync(pool, cancellation).ConfigureAwait(false);
            await Udev.SettleAsync(pool.Host, cancellation).ConfigureAwait(false);
        }

        return null;
    }

    /// <exception cref="StorageException">As <see cref="IscsiLogin.EndAsync"/>.</exception>
    public async ValueTask StopAsync(PoolContext pool, CancellationToken cancellation)
    {
        await IscsiLogin.EndAsync(pool, cancellation).ConfigureAwait(false);
        await Udev.SettleAsync(pool.Host, cancellation).ConfigureAwait(false);
    }

    /// <summary>Asked by a client, or for the first time, it has the target asked for new units.</summary>
    /// <exception cref="StorageException">1/18: there is no session; 38/18: its target cannot be reached; 1/0: the tool failed; as <see cref="ScsiVolumes.ScanAsync"/>.</exception>
    public override async ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation)
    {
        var (_, target) = IscsiSource.Require(pool.Definition);
        IscsiSession session = await FindSessionAsync(pool, cancellation).ConfigureAwait(false) ?? throw StorageErrors.NoIscsiSession(target);
        if (!session.IsUp)
        {
            throw StorageErrors.IscsiSessionDown(target, session.State);
        }

        if (pool.IsAsked)
        {
            await pool.Host.RunAsync(IscsiCommands.Rescan(session.Id), cancellation).ConfigureAwait(false);
            await Udev.SettleAsync(pool.Host, cancellation).ConfigureAwait(false);
        }

        PoolContents contents = await ScsiVolumes.ScanAsync(
            pool, session.Host, pool.IsAsked ? Wait : TimeSpan.Zero, lun => lun.Identity.Serial, cancellation).ConfigureAwait(false);
        return contents with { Source = IscsiSource.WithPort(pool.Definition.Source) };
    }

    /// <exception cref="StorageException">8/18: no host is given; 67/18: not exactly one; 9/18: no interface has the initiator's name; 1/0, 68/18: the tool failed.</exception>
    public async ValueTask<IReadOnlyList<PoolSource>> FindSourcesAsync(HostContext host, PoolSource? specification, CancellationToken cancellation)
    {
        if (specification is null)
        {
            throw StorageErrors.SourceHostMissing(Info.Name);
        }

        SourceHost portal = IscsiSource.Host(specification);
        string? iface = await IscsiLogin.FindInterfaceAsync(host, specification.InitiatorIqn, cancellation).ConfigureAwait(false);
        if (specification.InitiatorIqn is { } iqn && iface is null)
        {
            throw StorageErrors.NoIscsiInterface(iqn);
        }

        string output = await host.RunAsync(IscsiCommands.Discover(portal, iface), cancellation).ConfigureAwait(false);
        return
        [
            .. IscsiOutput.Targets(output).Select(target => IscsiSource.WithPort(
                new PoolSource { Hosts = [portal], Devices = [new SourceDevice(target)], InitiatorIqn = specification.InitiatorIqn })),
        ];
    }

    private static async ValueTask<IscsiSession?> FindSessionAsync(PoolContext pool, CancellationToken cancellation)
    {
        var (_, target) = IscsiSource.Require(pool.Definition);
        return await pool.Threads.RunAsync(
            () => IscsiSessions.Find(pool.Host.Kernel, target, pool.Definition.Source.InitiatorIqn), cancellation).ConfigureAwait(false);
    }
}
