using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Persistence;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Pools;

/// <summary>What happens to the pools when the server starts: those that ran are taken up again, those marked for it are started.</summary>
internal sealed partial class PoolRestart(DriverContext driver, PoolActivation activation, PoolAutostart autostart)
{
    /// <summary>How long clients wait for pools that are slow to come up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ILogger<PoolRestart> _logger = driver.Host.Loggers.CreateLogger<PoolRestart>();

    /// <summary>
    /// Pools are taken up and started side by side, so that one that hangs does not hold up the others; after a while the server goes on
    /// without those that are not ready. Failures are logged.
    /// </summary>
    public async Task RunAsync()
    {
        var leftOver = driver.Host.Journal.Records();
        var ran = LoadStates();
        LoadConfigurations();
        await WaitAsync(ran.Select(ResumeAsync)).ConfigureAwait(false);
        _ = Task.Run(() => CleanUp(leftOver));
        if (driver.Store.TakeFirstStart())
        {
            var due = driver.Registry.All.Where(pool => pool.State is { Autostart: true, IsActive: false, Starting: false });
            await WaitAsync(due.Select(autostart.StartAsync)).ConfigureAwait(false);
        }
    }

    private async Task WaitAsync(IEnumerable<Task> tasks)
    {
        try
        {
            await Task.WhenAll(tasks).WaitAsync(Patience, driver.Host.Clock).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            LogNotWaited(Patience.TotalSeconds);
        }
    }

    private List<StoragePool> LoadStates()
    {
        List<StoragePool> pools = [];
        foreach (var definition in driver.Store.LoadStates())
        {
            if (Admit(definition, new PoolState { Definition = definition, Starting = true }) is { } pool)
            {
                pools.Add(pool);
            }
        }

        return pools;
    }

    private void LoadConfigurations()
    {
        foreach (var (definition, autostart) in driver.Store.LoadConfigurations())
        {
            if (driver.Registry.Find(definition.Uuid) is { } running && running.Name == definition.Name)
            {
                var state = running.State with { NewDefinition = definition, Persistent = true, Autostart = autostart };
                running.Publish(state with { Definition = WithRequested(state.Definition, definition) });
            }
            else
            {
                Admit(definition, new PoolState { Definition = definition, Persistent = true, Autostart = autostart });
            }
        }
    }

    /// <summary>A run state tells what a pool's folder has; what was asked for stands in the configuration.</summary>
    private static PoolDefinition WithRequested(PoolDefinition running, PoolDefinition configured) =>
        running.Target is { } target && target.Path == configured.Target?.Path
            ? running with { Target = target with { Requested = configured.Target.Requested } }
            : running;

    private StoragePool? Admit(PoolDefinition definition, PoolState state)
    {
        try
        {
            driver.Backend(definition);
            if (driver.Registry.Resolve(definition) is { } other)
            {
                throw StorageErrors.PoolUuidTaken(other.Uuid, other.Name);
            }

            var pool = driver.NewPool(state);
            driver.Registry.Add(pool);
            return pool;
        }
        catch (StorageException error)
        {
            LogNotLoaded(definition.Name, error.Message);
            return null;
        }
    }

    private async Task ResumeAsync(StoragePool pool)
    {
        try
        {
            var state = pool.State;
            if (driver.Backend(state.Definition) is IPoolActivation backend
                && await backend.IsActiveAsync(pool.Context(state), CancellationToken.None).ConfigureAwait(false))
            {
                await activation.AdoptAsync(pool).ConfigureAwait(false);
                return;
            }

            LogNotActive(pool.Name);
        }
        catch (StorageException error)
        {
            LogNotResumed(pool.Name, error.Message);
        }

        await driver.Store.RemoveStateAsync(pool.Name).ConfigureAwait(false);
        using (await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false))
        {
            await driver.SettleInactiveAsync(pool).ConfigureAwait(false);
        }

        if (pool.State is { Autostart: true, Removed: false })
        {
            await autostart.StartAsync(pool).ConfigureAwait(false);
        }
    }

    private void CleanUp(IReadOnlyList<string> leftOver)
    {
        try
        {
            BuildJournal.CleanUp(leftOver);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogNotCleanedUp(error.Message);
        }
    }

    [LoggerMessage(6010, LogLevel.Warning, "Storage pool {Pool} was not loaded: {Reason}")]
    private partial void LogNotLoaded(string pool, string reason);

    [LoggerMessage(6011, LogLevel.Information, "Storage pool {Pool} ran before and is not up any more")]
    private partial void LogNotActive(string pool);

    [LoggerMessage(6012, LogLevel.Error, "Storage pool {Pool} ran before and could not be taken up again: {Reason}")]
    private partial void LogNotResumed(string pool, string reason);

    [LoggerMessage(6015, LogLevel.Warning, "Storage pools are still coming up after {Seconds} s; the server does not wait for them")]
    private partial void LogNotWaited(double seconds);

    [LoggerMessage(6014, LogLevel.Warning, "Files of volumes that were under construction could not be removed: {Reason}")]
    private partial void LogNotCleanedUp(string reason);
}
