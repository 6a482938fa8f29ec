using Cistern.Storage.Backends;
using Cistern.Storage.Commands;
using Cistern.Storage.Persistence;
using Cistern.Storage.Pools;
using Cistern.Storage.Secrets;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage;

/// <summary>
/// The storage driver: one method per use case. Reads are lock-free looks at published snapshots and complete at once where they can;
/// no method blocks before its first await. Every failure that a client caused or can act on is a <see cref="Errors.StorageException"/>.
/// Changes go on to their end when the caller's token fires: only the wait for them ends.
/// </summary>
public sealed partial class StorageDriver : IAsyncDisposable
{
    private readonly DriverContext _driver;
    private readonly DriverLock _lock;
    private readonly PoolScanner _scanner;
    private readonly PoolDefinitions _definitions;
    private readonly PoolActivation _activation;
    private readonly PoolAutostart _autostart;
    private readonly VolumeCreation _creation;
    private readonly VolumeChanges _changes;
    private readonly VolumeStreams _streams;

    private StorageDriver(DriverContext driver, DriverLock driverLock)
    {
        _driver = driver;
        _lock = driverLock;
        _scanner = new PoolScanner(driver);
        _definitions = new PoolDefinitions(driver);
        _activation = new PoolActivation(driver, _scanner);
        _autostart = new PoolAutostart(driver, _activation);
        _creation = new VolumeCreation(_scanner);
        _changes = new VolumeChanges(driver, _scanner);
        _streams = new VolumeStreams(driver, _scanner);
    }

    private PoolRegistry Registry => _driver.Registry;

    /// <summary>Takes the lock of the run folder, loads state and configuration, checks which pools are up, and starts the autostart ones.</summary>
    /// <exception cref="Errors.StorageException">1/18: another process holds the run folder.</exception>
    public static async Task<StorageDriver> OpenAsync(StorageDriverOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var store = new PoolStore(options, loggers.CreateLogger<PoolStore>());
        store.Prepare();
        var driverLock = DriverLock.Take(options.RunDirectory);
        try
        {
            var host = Host(options, loggers);
            var driver = new DriverContext(
                options, options.Backends, host, store, new PoolEvents(loggers.CreateLogger<PoolEvents>()), new PoolRegistry(host.Kernel));
            var opened = new StorageDriver(driver, driverLock);
            await new PoolRestart(driver, opened._activation, opened._autostart).RunAsync().WaitAsync(cancellation).ConfigureAwait(false);
            return opened;
        }
        catch
        {
            driverLock.Dispose();
            throw;
        }
    }

    /// <summary>Work goes on: a change of a pool or one of its volumes that would be undone if the driver ended now.</summary>
    public bool IsBusy => Registry.All.Any(pool => pool.IsBusy);

    /// <summary>What the threads of all pools do now.</summary>
    public PoolWork Work => _driver.Host.Work;

    /// <summary>Calls <paramref name="listener"/> for every event from now on, in the order of publishing per pool, one call at a time; it must not block.</summary>
    public IDisposable Subscribe(Action<PoolEvent> listener) => _driver.Events.Subscribe(listener);

    /// <summary>Ends jobs and streams, undoing what is not finished, and releases the lock. Pools stay up, as libvirt's do.</summary>
    public async ValueTask DisposeAsync()
    {
        _autostart.Dispose();
        foreach (var pool in Registry.All)
        {
            if (pool.State.Run is { } run)
            {
                await EndAsync(pool, run).ConfigureAwait(false);
            }
        }

        _driver.Host.Folders.Dispose();
        _lock.Dispose();
    }

    private static async ValueTask EndAsync(StoragePool pool, PoolRun run)
    {
        List<VolumeJob> jobs;
        using (await pool.Gate.EnterAsync(CancellationToken.None).ConfigureAwait(false))
        {
            pool.Publish(pool.State with { Stopping = true });
            jobs = [.. run.Jobs];
        }

        jobs.ForEach(job => job.Cancel());
        await Task.WhenAll(jobs.Select(job => job.Ended)).ConfigureAwait(false);
        await run.EndUsesAsync().ConfigureAwait(false);
        await run.EndSessionAsync().ConfigureAwait(false);
    }

    private static HostContext Host(StorageDriverOptions options, ILoggerFactory loggers) => new()
    {
        Commands = options.Commands ?? new CommandRunner(options.Tools, loggers.CreateLogger<CommandRunner>()),
        Tools = options.Tools,
        Secrets = options.Secrets ?? NoSecrets.Instance,
        RunDirectory = options.RunDirectory,
        InstanceId = $"{Environment.MachineName}-{Guid.NewGuid().ToString("N")[..8]}",
        Clock = options.Clock,
        Loggers = loggers,
    };
}
