using System.Collections.Concurrent;
using System.Collections.Immutable;
using Cistern.Storage.Images;

namespace Cistern.Storage.Pools;

/// <summary>
/// Which volumes are layered on a file, over all active pools, by the file's path and by what it was when the volume was probed; read without
/// locks. As in <see cref="VolumeIndex"/> an answer is a hint: the pool's published state decides.
/// </summary>
internal sealed class BackingIndex
{
    private readonly ConcurrentDictionary<string, ImmutableHashSet<Place>> _paths = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(ulong Device, ulong Inode), ImmutableHashSet<Place>> _files = new();

    /// <summary>Whether both, which have the same path, are layered on the same file, or on none.</summary>
    public static bool IsSamePlace(VolumeEntry one, VolumeEntry other) =>
        one.Definition.BackingStore?.Path == other.Definition.BackingStore?.Path && File(one) == File(other);

    public void Add(StoragePool pool, VolumeEntry entry)
    {
        Place place = new(pool, entry.Name);
        if (Path(entry) is { } path)
        {
            Add(_paths, path, place);
        }

        if (File(entry) is { } file)
        {
            Add(_files, file, place);
        }
    }

    /// <summary>Forgets of an entry what does not hold of the one in its place; null: there is none.</summary>
    public void Replace(StoragePool pool, VolumeEntry before, VolumeEntry? after)
    {
        Place place = new(pool, before.Name);
        if (Path(before) is { } path && (after is null || Path(after) != path))
        {
            Remove(_paths, path, place);
        }

        if (File(before) is { } file && (after is null || File(after) != file))
        {
            Remove(_files, file, place);
        }
    }

    /// <summary>A volume, other than <paramref name="except"/>, that is layered on the file; null when there is none.</summary>
    /// <param name="file">Device, composed as <c>FileStatus</c> does, and inode; null when not known.</param>
    public (StoragePool Pool, VolumeEntry Entry)? Find(string path, (ulong Device, ulong Inode)? file, (StoragePool Pool, string Name) except)
    {
        Place place = new(except.Pool, except.Name);
        return Find(_paths.GetValueOrDefault(path, []), place, entry => Path(entry) == path)
            ?? (file is { } known ? Find(_files.GetValueOrDefault(known, []), place, entry => File(entry) == known) : null);
    }

    private static (StoragePool, VolumeEntry)? Find(ImmutableHashSet<Place> places, Place except, Func<VolumeEntry, bool> matches)
    {
        foreach (var place in places)
        {
            if (place != except && place.Pool.State.Volumes.Find(place.Name) is { } entry && matches(entry))
            {
                return (place.Pool, entry);
            }
        }

        return null;
    }

    /// <summary>The backing file's path; null for a volume without one, and for one that is no file of this host.</summary>
    private static string? Path(VolumeEntry entry) =>
        entry.Definition is { BackingStore.Path: var path, Target.Path: { } image } && BackingString.IsPath(path) ? BackingString.Resolve(path, image) : null;

    private static (ulong Device, ulong Inode)? File(VolumeEntry entry) =>
        entry.Volume.Stamp?.Backing is { Inode: not 0 } stamp ? (stamp.Device, stamp.Inode) : null;

    private static void Add<TKey>(ConcurrentDictionary<TKey, ImmutableHashSet<Place>> index, TKey key, Place place)
        where TKey : notnull
    {
        if (!index.TryGetValue(key, out var places) || !places.Contains(place))
        {
            index.AddOrUpdate(key, static (_, added) => [added], static (_, there, added) => there.Add(added), place);
        }
    }

    private static void Remove<TKey>(ConcurrentDictionary<TKey, ImmutableHashSet<Place>> index, TKey key, Place place)
        where TKey : notnull
    {
        while (index.TryGetValue(key, out var places))
        {
            var rest = places.Remove(place);
            if (rest.IsEmpty ? index.TryRemove(KeyValuePair.Create(key, places)) : index.TryUpdate(key, rest, places))
            {
                return;
            }
        }
    }

    private readonly record struct Place(StoragePool Pool, string Name);
}
