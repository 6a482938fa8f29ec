using System.Collections.Concurrent;

using Cistern.Storage.Backends;
using Cistern.Storage.Pools;
using Cistern.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cistern.Storage.Tests.Simulated;

/// <summary>A driver on the simulated backend, with folders of its own.</summary>
internal sealed class SimulatedDriver : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private IDisposable? _subscription;

    private SimulatedDriver(SimulatedBackend backend, TimeProvider clock, Func<StorageDriverOptions, StorageDriverOptions>? adjust)
    {
        Backend = backend;
        var options = new StorageDriverOptions
        {
            ConfigDirectory = _folder["config"],
            RunDirectory = _folder["run"],
            StorageTimeout = TimeSpan.FromMinutes(1),
            Backends = new BackendRegistry(backend),
            Clock = clock,
        };
        Options = adjust?.Invoke(options) ?? options;
    }

    public SimulatedBackend Backend { get; }

    public StorageDriverOptions Options { get; }

    public StorageDriver Storage { get; private set; } = null!;

    public Steps Steps => Backend.Steps;

    public ConcurrentQueue<PoolEvent> Events { get; } = new();

    public IEnumerable<PoolEventKind> EventKinds => Events.Select(happened => happened.Kind);

    public static async Task<SimulatedDriver> OpenAsync(
        SimulatedBackend? backend = null, TimeProvider? clock = null, Func<StorageDriverOptions, StorageDriverOptions>? adjust = null)
    {
        var driver = new SimulatedDriver(backend ?? new SimulatedBackend(), clock ?? TimeProvider.System, adjust);
        await driver.OpenStorageAsync();
        return driver;
    }

    public static string PoolXml(string name, Guid? uuid = null, string? target = null) =>
        $"<pool type='dir'><name>{name}</name><uuid>{uuid ?? Uuid(name)}</uuid><target><path>{target ?? "/pools/" + name}</path></target></pool>";

    public static string VolumeXml(string name, ulong capacity = 1 << 20, ulong allocation = 0) =>
        $"<volume><name>{name}</name><capacity>{capacity}</capacity><allocation>{allocation}</allocation></volume>";

    /// <summary>The same for the same name, so that a pool can be defined again.</summary>
    public static Guid Uuid(string name)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Text.Encoding.UTF8.GetBytes(name.PadRight(16).AsSpan(0, 16), bytes);
        return new Guid(bytes, bigEndian: true);
    }

    public static VolumeReference Volume(string pool, string name) => new(pool, name, "");

    public SimulatedStorage StorageOf(string pool) => Backend["/pools/" + pool];

    public async Task<PoolReference> DefineAsync(string name) => await Storage.DefinePoolAsync(PoolXml(name), 0, default);

    /// <summary>A defined and started pool with the files named.</summary>
    public async Task<PoolReference> StartedAsync(string name, params string[] files)
    {
        foreach (var file in files)
        {
            StorageOf(name).Files[file] = new SimulatedFile { Capacity = 1 << 20, Data = new byte[4096] };
        }

        var pool = await DefineAsync(name);
        await Storage.StartPoolAsync(pool, 0, default);
        return pool;
    }

    public async Task<VolumeReference> CreateAsync(PoolReference pool, string name) => await Storage.CreateVolumeAsync(pool, VolumeXml(name), 0, default);

    public string[] Names(PoolReference pool) => [.. Storage.ListVolumes(pool, 0).Select(volume => volume.Name).Order()];

    /// <summary>Ends the driver and opens another on the same folders, as a restart of the server does.</summary>
    public async Task RestartAsync()
    {
        await CloseAsync();
        await OpenStorageAsync();
    }

    public async Task OpenStorageAsync()
    {
        Storage = await StorageDriver.OpenAsync(Options, NullLoggerFactory.Instance, default);
        Events.Clear();
        _subscription = Storage.Subscribe(Events.Enqueue);
    }

    public async Task CloseAsync()
    {
        _subscription?.Dispose();
        await Storage.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _folder.Dispose();
    }
}
