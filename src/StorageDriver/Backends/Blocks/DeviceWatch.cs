using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Blocks;

/// <summary>
/// A pool that is scanned anew when any block device of the host changed: which pool a device belongs to, only its scan can tell. A scan must open
/// devices for reading only: the end of writing is told as a change, which would have the pool scanned for ever.
/// </summary>
internal sealed class DeviceWatch : IPoolWatcher
{
    private readonly DeviceWatcher _devices;
    private readonly IPoolChanges _changes;

    public DeviceWatch(DeviceWatcher devices, IPoolChanges changes)
    {
        _devices = devices;
        _changes = changes;
        _devices.Add(Tell);
    }

    public bool IsTold => true;

    public ValueTask<bool> CheckAsync(CancellationToken cancellation) => ValueTask.FromResult(true);

    public void Dispose() => _devices.Remove(Tell);

    private void Tell() => _changes.Missed();
}
