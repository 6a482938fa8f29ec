using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Pools;

/// <summary>Everything that a read of a pool may see, as of one moment. Immutable; published whole.</summary>
internal sealed record PoolState
{
    /// <summary>The definition in use; its numbers and permissions are the last known.</summary>
    public required PoolDefinition Definition { get; init; }

    /// <summary>The definition for the next start, where it is another.</summary>
    public PoolDefinition? NewDefinition { get; init; }

    /// <summary>A configuration file keeps the pool.</summary>
    public bool Persistent { get; init; }

    public bool Autostart { get; init; }

    /// <summary>The activation; null for an inactive pool.</summary>
    public PoolRun? Run { get; init; }

    /// <summary>Between inactive and active: being started, built or deleted.</summary>
    public bool Starting { get; init; }

    /// <summary>Between active and inactive.</summary>
    public bool Stopping { get; init; }

    /// <summary>The pool is no more; whoever still holds the object finds out here.</summary>
    public bool Removed { get; init; }

    /// <summary>Why an active pool cannot be reached at present; reads show what was known last.</summary>
    public StorageException? Inaccessible { get; init; }

    /// <summary>What of the storage the last scan found lost; null: nothing. Everything goes on as well as it can.</summary>
    public string? Degraded { get; init; }

    public VolumeTable Volumes { get; init; } = VolumeTable.Empty;

    public string Name => Definition.Name;

    public bool IsActive => Run is not null;

    /// <summary>As clients are told.</summary>
    public PoolRunState RunState =>
        !IsActive ? PoolRunState.Inactive
        : Inaccessible is not null ? PoolRunState.Inaccessible
        : Degraded is not null ? PoolRunState.Degraded
        : PoolRunState.Running;

    public PoolRun RequireActive() => Run ?? throw StorageErrors.PoolNotActive(Name);

    /// <summary>The activation of a pool whose volumes may be changed now.</summary>
    public PoolRun RequireChangeable()
    {
        var run = RequireActive();
        if (Stopping)
        {
            throw StorageErrors.PoolStopping(Name);
        }

        return Inaccessible is null ? run : throw StorageErrors.PoolInaccessible(Name, Inaccessible);
    }

    public void RequireInactive()
    {
        if (IsActive)
        {
            throw StorageErrors.PoolAlreadyActive(Name);
        }

        if (Starting)
        {
            throw StorageErrors.PoolStarting(Name);
        }
    }

    public VolumeEntry RequireVolume(string name) => Volumes.Find(name) ?? throw StorageErrors.NoVolume(name);

    /// <summary>With new numbers; where they are not known, with the old ones changed by what a volume grew.</summary>
    /// <param name="growth">Bytes allocated, negative when freed.</param>
    public PoolState WithNumbers(PoolNumbers? numbers, long growth)
    {
        var old = Definition.Numbers;
        return this with
        {
            Definition = Definition with
            {
                Numbers = numbers ?? old with { Allocation = Shift(old.Allocation, growth), Available = Shift(old.Available, -growth) },
            },
        };

        static ulong Shift(ulong value, long by) => by < 0 && (ulong)-by > value ? 0 : value + (ulong)by;
    }

    /// <summary>The definition with what a scan found out about the pool itself.</summary>
    public static PoolDefinition Describe(PoolDefinition definition, PoolContents contents)
    {
        var described = definition with { Numbers = contents.Numbers };
        if (contents.TargetPermissions is { } permissions && described.Target is { } target)
        {
            described = described with { Target = target with { Permissions = permissions } };
        }

        if (contents.Source is { } source)
        {
            described = described with { Source = source };
        }

        if (contents.FreeExtents.Count > 0)
        {
            var devices = described.Source.Devices.Select(device =>
                contents.FreeExtents.TryGetValue(device.Path, out var free) ? device with { FreeExtents = free } : device);
            described = described with { Source = described.Source with { Devices = [.. devices] } };
        }

        return described;
    }
}
