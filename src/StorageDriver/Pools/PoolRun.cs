using System.Runtime.InteropServices;
using Cistern.Storage.Backends;

namespace Cistern.Storage.Pools;

/// <summary>One activation of a pool, from start to stop: its session, and who uses which volume. The uses are touched with the gate held.</summary>
#pragma warning disable CA1001 // A token source without a timer holds nothing to dispose of.
internal sealed class PoolRun
#pragma warning restore CA1001
{
    private readonly Dictionary<string, VolumeUse> _uses = [];
    private readonly CancellationTokenSource _stopped = new();

    /// <param name="keeper">Makes the run's keeper.</param>
    public PoolRun(IStorageBackend backend, IPoolSession? session, Func<PoolRun, PoolKeeper> keeper)
    {
        Backend = backend;
        Session = session;
        Keeper = keeper(this);
    }

    /// <summary>The backend of the definition that was started.</summary>
    public IStorageBackend Backend { get; }

    public IPoolSession? Session { get; }

    public PoolKeeper Keeper { get; }

    public ScanQueue Scans { get; } = new();

    /// <summary>Fires when the pool stops.</summary>
    public CancellationToken Stopped => _stopped.Token;

    /// <summary>True while a volume is created, copied (from or to), or wiped: the pool cannot stop then.</summary>
    public bool HasJobs => _uses.Values.Any(use => use.Readers > 0 || use.Job is { BlocksPool: true });

    /// <summary>A short job that stopping waits for; null when there is none.</summary>
    public VolumeJob? ShortJob => Jobs.FirstOrDefault(job => !job.BlocksPool);

    public IEnumerable<VolumeJob> Jobs => _uses.Values.Select(use => use.Job).OfType<VolumeJob>();

    public IEnumerable<VolumeStream> Streams => _uses.Values.SelectMany(use => use.Streams);

    /// <summary>True while the server itself changes the volume of a name.</summary>
    public bool IsChanging(string name) => FindUse(name) is { IsChanging: true };

    public VolumeUse? FindUse(string name) => _uses.GetValueOrDefault(name);

    public VolumeUse Use(string name)
    {
        ref var use = ref CollectionsMarshal.GetValueRefOrAddDefault(_uses, name, out _);
        return use ??= new VolumeUse();
    }

    /// <summary>Forgets the uses of a volume when none are left.</summary>
    public void Release(string name)
    {
        if (_uses.TryGetValue(name, out var use) && use.IsIdle)
        {
            _uses.Remove(name);
        }
    }

    /// <summary>Ends the watch and scans, and aborts open streams; jobs have ended before.</summary>
    public async ValueTask EndUsesAsync()
    {
        await _stopped.CancelAsync().ConfigureAwait(false);
        foreach (var stream in Streams.ToArray())
        {
            await stream.AbortAsync().ConfigureAwait(false);
        }
    }

    public ValueTask EndSessionAsync() => Session?.DisposeAsync() ?? ValueTask.CompletedTask;
}
