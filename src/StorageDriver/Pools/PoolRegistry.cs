using System.Collections.Immutable;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Pools;

/// <summary>All pools, by uuid and by name. Reads are lock-free; additions and removals are ordered by <see cref="Gate"/>.</summary>
internal sealed class PoolRegistry(KernelRoots kernel)
{
    private Maps _maps = new(ImmutableDictionary<Guid, StoragePool>.Empty, ImmutableDictionary<string, StoragePool>.Empty);

    /// <summary>Entered after a pool's gate where both are needed, never before.</summary>
    public PoolGate Gate { get; } = new();

    public VolumeIndex Volumes { get; } = new();

    public IEnumerable<StoragePool> All => Volatile.Read(ref _maps).ByUuid.Values;

    public StoragePool? Find(Guid uuid) => Volatile.Read(ref _maps).ByUuid.GetValueOrDefault(uuid);

    public StoragePool? Find(string name) => Volatile.Read(ref _maps).ByName.GetValueOrDefault(name);

    public StoragePool Require(PoolReference pool) => Find(pool.Uuid) ?? throw StorageErrors.NoPoolWithUuid(pool.Uuid, pool.Name);

    public StoragePool Require(string name) => Find(name) ?? throw StorageErrors.NoPoolWithName(name);

    /// <summary>
    /// The rules for a document's name, uuid and source (libvirt's virStoragePoolObjListAdd); the gate is held.
    /// Returns the pool that the document is about, null when it is new.
    /// </summary>
    /// <exception cref="StorageException">9/18.</exception>
    public StoragePool? Resolve(PoolDefinition definition)
    {
        foreach (var other in All)
        {
            if (other.Name != definition.Name && SourceConflicts.Conflict(kernel, other.State.Definition, definition))
            {
                throw StorageErrors.PoolSourceConflict(other.Name);
            }
        }

        if (Find(definition.Uuid) is { } known)
        {
            return known.Name == definition.Name ? known : throw StorageErrors.PoolUuidTaken(known.Uuid, known.Name);
        }

        return Find(definition.Name) is { } named ? throw StorageErrors.PoolNameTaken(named.Name, named.Uuid) : null;
    }

    /// <summary>Adds a new pool; the gate is held.</summary>
    public void Add(StoragePool pool) =>
        Volatile.Write(ref _maps, new Maps(_maps.ByUuid.Add(pool.Uuid, pool), _maps.ByName.Add(pool.Name, pool)));

    /// <summary>Removes a pool; the gate is held.</summary>
    public void Remove(StoragePool pool) =>
        Volatile.Write(ref _maps, new Maps(_maps.ByUuid.Remove(pool.Uuid), _maps.ByName.Remove(pool.Name)));

    private sealed record Maps(ImmutableDictionary<Guid, StoragePool> ByUuid, ImmutableDictionary<string, StoragePool> ByName);
}
