using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Persistence;
using Cistern.Storage.Pools;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage;

/// <summary>What the parts of the driver share.</summary>
internal sealed record DriverContext(
    StorageDriverOptions Options, BackendRegistry Backends, HostContext Host, PoolStore Store, PoolEvents Events, PoolRegistry Registry)
{
    public ILogger Log { get; } = Host.Loggers.CreateLogger<StoragePool>();

    public IStorageBackend Backend(PoolDefinition definition) => Backends.Get(definition.Type);

    public StoragePool NewPool(PoolState state) =>
        new(state, Host, Registry.Volumes, Options.StorageTimeout, pool => _ = NotRespondingAsync(pool));

    /// <summary>Publishes that an active pool cannot be reached, and tells of it once. The pool's gate is held.</summary>
    public void MarkInaccessible(StoragePool pool, StorageException cause)
    {
        var state = pool.State;
        pool.Publish(state with { Inaccessible = cause });
        if (state is { Inaccessible: null, Run: { } run })
        {
            Log.Inaccessible(pool.Name, cause.Message);
            run.Keeper.Refreshes.Raise();
            run.Keeper.Wake();
        }
    }

    /// <summary>
    /// An inactive pool after its stop, or after a step of its start that failed: its next definition becomes the one in use, and a transient
    /// pool vanishes. The pool's gate is held.
    /// </summary>
    public async ValueTask SettleInactiveAsync(StoragePool pool, VolumeTable.Edit? volumes = null)
    {
        var state = pool.State;
        state = state with
        {
            Definition = state.NewDefinition ?? state.Definition,
            NewDefinition = null,
            Run = null,
            Starting = false,
            Stopping = false,
            Inaccessible = null,
            Degraded = null,
            Removed = !state.Persistent,
        };
        if (state.Removed)
        {
            using var hold = await Registry.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
            Registry.Remove(pool);
        }

        pool.Publish(state, volumes ?? state.Volumes.Change());
    }

    private async Task NotRespondingAsync(StoragePool pool)
    {
        var run = pool.State.Run;
        using var hold = await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false);
        if (run is not null && pool.State.Run == run)
        {
            MarkInaccessible(pool, StorageErrors.StorageNotResponding(pool.Name));
        }
    }
}
