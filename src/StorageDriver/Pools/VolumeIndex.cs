using System.Collections.Concurrent;

namespace Cistern.Storage.Pools;

/// <summary>
/// Where volumes are, by key and by path, over all active pools; read without locks. An answer is a hint: the pool's published state decides.
/// Added to before, removed from after a state is published, so that nothing published is missed.
/// </summary>
internal sealed class VolumeIndex
{
    private readonly ConcurrentDictionary<string, Location> _keys = new();

    /// <summary>Only paths that are not the volume's key.</summary>
    private readonly ConcurrentDictionary<string, Location> _paths = new();

    /// <summary>Which volumes are layered on which files.</summary>
    public BackingIndex Backings { get; } = new();

    /// <summary>Whether the index says the same of both, which are entries of one name.</summary>
    public static bool IsSamePlace(VolumeEntry? one, VolumeEntry? other) =>
        one is not null && other is not null
        && one.Definition.Key == other.Definition.Key
        && one.Definition.Target.Path == other.Definition.Target.Path
        && BackingIndex.IsSamePlace(one, other);

    public void Add(StoragePool pool, VolumeEntry entry)
    {
        var (key, path) = (entry.Definition.Key, entry.Definition.Target.Path);
        if (key is not null)
        {
            Add(_keys, key, pool, entry.Name);
        }

        if (path is not null && path != key)
        {
            Add(_paths, path, pool, entry.Name);
        }

        Backings.Add(pool, entry);
    }

    /// <summary>Forgets of an entry what does not hold of the one in its place; null: there is none.</summary>
    public void Replace(StoragePool pool, VolumeEntry before, VolumeEntry? after)
    {
        if (after is null || after.Definition.Key != before.Definition.Key || after.Definition.Target.Path != before.Definition.Target.Path)
        {
            Remove(pool, before);
        }

        Backings.Replace(pool, before, after);
    }

    public (StoragePool Pool, VolumeEntry Entry)? FindByKey(string key) =>
        Find(_keys, key, entry => entry.Definition.Key == key);

    public (StoragePool Pool, VolumeEntry Entry)? FindByPath(string path) =>
        Find(_keys, path, entry => entry.Definition.Target.Path == path) ?? Find(_paths, path, entry => entry.Definition.Target.Path == path);

    private void Remove(StoragePool pool, VolumeEntry entry)
    {
        var (key, path) = (entry.Definition.Key, entry.Definition.Target.Path);
        if (key is not null)
        {
            Remove(_keys, key, pool, entry.Name);
        }

        if (path is not null && path != key)
        {
            Remove(_paths, path, pool, entry.Name);
        }
    }

    private static (StoragePool, VolumeEntry)? Find(ConcurrentDictionary<string, Location> index, string text, Func<VolumeEntry, bool> matches)
    {
        for (var location = index.GetValueOrDefault(text); location is not null; location = location.Next)
        {
            if (location.Pool.State.Volumes.Find(location.Name) is { } entry && matches(entry))
            {
                return (location.Pool, entry);
            }
        }

        return null;
    }

    private static void Add(ConcurrentDictionary<string, Location> index, string text, StoragePool pool, string name) =>
        index.AddOrUpdate(
            text,
            static (_, added) => new Location(added.pool, added.name, null),
            static (_, next, added) => next.Has(added.pool, added.name) ? next : new Location(added.pool, added.name, next),
            (pool, name));

    private static void Remove(ConcurrentDictionary<string, Location> index, string text, StoragePool pool, string name)
    {
        while (index.TryGetValue(text, out var location))
        {
            var rest = location.Without(pool, name);
            bool done = rest is null
                ? index.TryRemove(KeyValuePair.Create(text, location))
                : ReferenceEquals(rest, location) || index.TryUpdate(text, rest, location);
            if (done)
            {
                return;
            }
        }
    }

    /// <summary>A volume's place; several when pools overlap.</summary>
    private sealed class Location(StoragePool pool, string name, Location? next)
    {
        public StoragePool Pool => pool;

        public string Name => name;

        public Location? Next => next;

        public bool Has(StoragePool other, string otherName) =>
            (pool == other && name == otherName) || (next?.Has(other, otherName) ?? false);

        public Location? Without(StoragePool other, string otherName)
        {
            if (pool == other && name == otherName)
            {
                return next;
            }

            var rest = next?.Without(other, otherName);
            return ReferenceEquals(rest, next) ? this : new Location(pool, name, rest);
        }
    }
}
