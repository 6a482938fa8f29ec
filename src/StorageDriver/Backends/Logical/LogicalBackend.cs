using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Backends.Logical;

/// <summary>A volume group of LVM; its active logical volumes are the volumes, thin ones too.</summary>
public sealed class LogicalBackend : BlockPoolBackend,
    IPoolActivation, IPoolProvisioning, ISourceDiscovery, IVolumeCreation, IVolumeCloning, IVolumeDeletion, IVolumeResizing
{
    public override PoolTypeInfo Info => LogicalPoolType.Info;

    public override ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation) => LogicalScan.RunAsync(pool, cancellation);

    /// <summary>A group without volumes has no folder of devices and is up all the same.</summary>
    /// <exception cref="StorageException">67/18: there is no such group on the pool's devices.</exception>
    public async ValueTask<bool> IsActiveAsync(PoolContext pool, CancellationToken cancellation)
    {
        await LogicalSources.RequireAsync(pool, cancellation).ConfigureAwait(false);
        return await HasDevicesAsync(pool, cancellation).ConfigureAwait(false)
            || (await LogicalScan.ReportAsync(pool, cancellation).ConfigureAwait(false)).Volumes.IsEmpty;
    }

    /// <exception cref="StorageException">67/18: there is no such group on the pool's devices; 1/0: not everything in it could be activated.</exception>
    public async ValueTask<IPoolSession?> StartAsync(PoolContext pool, CancellationToken cancellation)
    {
        await LogicalSources.RequireAsync(pool, cancellation).ConfigureAwait(false);
        string group = LogicalSources.Group(pool.Definition);
        await using Undo undo = new(pool.Host.Loggers.CreateLogger<LogicalBackend>());
        if (!await HasDevicesAsync(pool, cancellation).ConfigureAwait(false))
        {
            undo.Add(async () => await LvmTool.RunAsync(pool.Host, LogicalCommands.Deactivate(group), CancellationToken.None).ConfigureAwait(false));
        }

        await LvmTool.RunAsync(pool.Host, LogicalCommands.Activate(group), cancellation).ConfigureAwait(false);
        undo.Commit();
        return null;
    }

    /// <summary>A group that is gone needs no deactivation.</summary>
    /// <exception cref="StorageException">1/0: a volume is in use.</exception>
    public async ValueTask StopAsync(PoolContext pool, CancellationToken cancellation)
    {
        string group = LogicalSources.Group(pool.Definition);
        Command deactivate = LogicalCommands.Deactivate(group);
        CommandResult result = await LvmTool.TryAsync(pool.Host, deactivate, cancellation).ConfigureAwait(false);
        if (result.ExitCode != 0 && !result.Error.Contains($"\"{group}\" not found", StringComparison.Ordinal))
        {
            throw LvmTool.Failed(pool.Host, deactivate, result);
        }
    }

    public ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation) => LogicalProvisioning.BuildAsync(pool, flags, cancellation);

    public ValueTask DeleteAsync(PoolContext pool, uint flags, CancellationToken cancellation) => LogicalProvisioning.DeleteAsync(pool, flags, cancellation);

    public ValueTask<IReadOnlyList<PoolSource>> FindSourcesAsync(HostContext host, PoolSource? specification, CancellationToken cancellation) =>
        LogicalSources.FindAsync(host, cancellation);

    public ValueTask<VolumeChange> AllocateAsync(PoolContext pool, VolumeDefinition request, uint flags, CancellationToken cancellation) =>
        LogicalCreation.AllocateAsync(pool, request, flags, cancellation);

    public ValueTask<VolumeChange> AllocateFromAsync(
        PoolContext pool, VolumeDefinition request, VolumeSource source, uint flags, CancellationToken cancellation) =>
        LogicalCreation.AllocateFromAsync(pool, request, source, flags, cancellation);

    public ValueTask BuildAsync(PoolContext pool, VolumeDefinition volume, uint flags, JobProgress progress, CancellationToken cancellation) =>
        LogicalCreation.BuildAsync(pool, volume, cancellation);

    public ValueTask BuildFromAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation) =>
        LogicalCreation.BuildFromAsync(this, pool, volume, source, progress, cancellation);

    public async ValueTask<VolumeChange> DeleteAsync(PoolContext pool, VolumeDefinition volume, uint flags, CancellationToken cancellation)
    {
        if (flags != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "deletion of a volume");
        }

        await LogicalDeletion.RunAsync(pool, volume, cancellation).ConfigureAwait(false);
        return new VolumeChange(null);
    }

    public bool AllocationFollows(VolumeDefinition volume) => true;

    public ValueTask ResizeAsync(PoolContext pool, VolumeDefinition volume, ulong capacity, uint flags, CancellationToken cancellation) =>
        LogicalResize.RunAsync(pool, volume, capacity, flags, cancellation);

    public override ValueTask WipeAsync(
        PoolContext pool, VolumeDefinition volume, uint algorithm, JobProgress progress, CancellationToken cancellation) =>
        LogicalWipe.RunAsync(pool, volume, algorithm, progress, base.WipeAsync, cancellation);

    /// <summary>The folder of device nodes is there as long as one volume is active.</summary>
    private static Task<bool> HasDevicesAsync(PoolContext pool, CancellationToken cancellation) =>
        pool.Threads.RunAsync(() => Directory.Exists(pool.Definition.Target!.Path), cancellation);
}
