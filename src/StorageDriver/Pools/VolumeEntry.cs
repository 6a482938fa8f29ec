using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Pools;

/// <summary>A volume in a published table.</summary>
/// <param name="Volume">As last described by the backend.</param>
/// <param name="Changed">The pool's change number at which this entry was made; see <see cref="ChangeLog"/>.</param>
internal sealed record VolumeEntry(ScannedVolume Volume, long Changed)
{
    /// <summary>Set while the volume is under construction: how far that is.</summary>
    public JobProgress? Building { get; init; }

    public VolumeDefinition Definition => Volume.Definition;

    public string Name => Volume.Definition.Name;

    /// <summary>The definition with its times, and with the allocation of a volume under construction as it is now.</summary>
    public VolumeDefinition Current =>
        Building is null ? Volume.Described : Definition with { Allocation = Building.Allocated };
}
