using Cistern.Storage.Backends;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Pools;

/// <summary>
/// A pool at run time: the state that reads look at, and the gate that orders changes. Name and uuid never change.
/// </summary>
internal sealed class StoragePool
{
    private readonly HostContext _host;
    private readonly VolumeIndex _index;
    private PoolState _state;

    /// <param name="notResponding">Called when the pool's storage did not answer in time.</param>
    public StoragePool(PoolState state, HostContext host, VolumeIndex index, TimeSpan storageTimeout, Action<StoragePool> notResponding)
    {
        _state = state;
        _host = host;
        _index = index;
        Threads = new PoolThreads(state.Name, storageTimeout, host.Clock, host.Work, () => notResponding(this));
        Reference = new PoolReference(state.Name, state.Definition.Uuid);
    }

    public PoolReference Reference { get; }

    public string Name => Reference.Name;

    public Guid Uuid => Reference.Uuid;

    public PoolThreads Threads { get; }

    public PoolGate Gate { get; } = new();

    /// <summary>Used with the gate held.</summary>
    public ChangeLog Changes { get; } = new();

    /// <summary>The last attempt to start the pool without being asked. Touched with the gate held.</summary>
    public Task AutostartAttempt { get; set; } = Task.CompletedTask;

    /// <summary>The attempt that runs at the moment; null: none does.</summary>
    public Task? RunningAutostart => AutostartAttempt.IsCompleted ? null : AutostartAttempt;

    public PoolState State => Volatile.Read(ref _state);

    /// <summary>It is being changed, or one of its volumes is.</summary>
    public bool IsBusy
    {
        get
        {
            if (!Gate.TryEnter(out var hold))
            {
                return true;
            }

            using (hold)
            {
                return State is { Starting: true } or { Stopping: true } || State.Run?.Jobs.Any() == true;
            }
        }
    }

    /// <summary>Enters the gate of a pool that still exists.</summary>
    /// <exception cref="StorageException">49/18: it was removed meanwhile.</exception>
    public async ValueTask<PoolGate.Hold> EnterAsync(CancellationToken cancellation)
    {
        var hold = await Gate.EnterAsync(cancellation).ConfigureAwait(false);
        if (!State.Removed)
        {
            return hold;
        }

        hold.Dispose();
        throw StorageErrors.NoPoolWithUuid(Uuid, Name);
    }

    /// <summary>Makes a state the one that reads see. The gate is held.</summary>
    public void Publish(PoolState state) => Volatile.Write(ref _state, state);

    /// <summary>Publishes a state with changed volumes. The gate is held.</summary>
    public void Publish(PoolState state, VolumeTable.Edit volumes)
    {
        foreach (var (before, after) in volumes.Changes)
        {
            if (after is not null && !VolumeIndex.IsSamePlace(before, after))
            {
                _index.Add(this, after);
            }
        }

        Publish(state with { Volumes = volumes.ToTable() });
        foreach (var (before, after) in volumes.Changes)
        {
            if (before is not null && !VolumeIndex.IsSamePlace(before, after))
            {
                _index.Replace(this, before, volumes.Find(before.Name));
            }
        }
    }

    /// <summary>What the backend works with for the pool as it is in <paramref name="state"/>.</summary>
    public PoolContext Context(PoolState state) => Context(state, state.Run?.Session);

    /// <inheritdoc cref="Context(PoolState)"/>
    /// <param name="asked">See <see cref="PoolContext.IsAsked"/>.</param>
    public PoolContext Context(PoolState state, IPoolSession? session, bool asked = true)
    {
        var volumes = state.Volumes;
        return new PoolContext
        {
            Definition = state.Definition,
            Session = session,
            Host = _host,
            Threads = Threads,
            IsAsked = asked,
            Known = name => volumes.Find(name) is { Building: null } entry ? entry.Volume : null,
            KnownAt = place => place < volumes.AsFound.Count ? volumes.AsFound[place].Volume : null,
        };
    }
}
