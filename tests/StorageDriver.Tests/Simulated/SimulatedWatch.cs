using Cistern.Storage.Backends.Capabilities;

namespace Cistern.Storage.Tests.Simulated;

/// <summary>A watch that tells what the test has it tell.</summary>
internal sealed class SimulatedWatch : IPoolWatcher
{
    private readonly SimulatedStorage _storage;
    private readonly int _mark;

    public SimulatedWatch(SimulatedStorage storage, IPoolChanges changes)
    {
        _storage = storage;
        _mark = storage.Mark;
        IsTold = storage.IsTold;
        storage.Watches[this] = changes;
    }

    public bool IsTold { get; }

    public ValueTask<bool> CheckAsync(CancellationToken cancellation) => ValueTask.FromResult(_storage.Present && _storage.Mark == _mark);

    public void Dispose() => _storage.Watches.TryRemove(this, out _);
}
