namespace Cistern.Storage.Pools;

/// <summary>The volumes of a pool by name. Immutable; a change shares all but O(log n) with the table before.</summary>
internal sealed class VolumeTable
{
    private readonly VolumeTrie _entries;
    private VolumeReference[]? _list;

    private VolumeTable(VolumeTrie entries, int count) => (_entries, Count) = (entries, count);

    public static VolumeTable Empty { get; } = new(VolumeTrie.Empty, 0);

    public int Count { get; }

    public IEnumerable<VolumeEntry> Entries => _entries.Entries;

    /// <summary>The entries in the order in which the last scan found them; empty when anything has changed since.</summary>
    public IReadOnlyList<VolumeEntry> AsFound { get; private init; } = [];

    public VolumeEntry? Find(string name) => _entries.Find(name);

    /// <summary>The list as clients get it. The same array for the life of the table, so that what is made of it can be kept beside it.</summary>
    public VolumeReference[] List(string pool)
    {
        if (Volatile.Read(ref _list) is { } list)
        {
            return list;
        }

        list = new VolumeReference[Count];
        int index = 0;
        foreach (var entry in Entries)
        {
            list[index++] = new VolumeReference(pool, entry.Name, entry.Definition.Key ?? "");
        }

        return Interlocked.CompareExchange(ref _list, list, null) ?? list;
    }

    public Edit Change() => new(this);

    /// <summary>A table in the making, and what it changes.</summary>
    public sealed class Edit(VolumeTable from)
    {
        /// <summary>Marks the nodes that are still this edit's own; nothing more, because they keep it alive.</summary>
        private readonly object _mark = new();
        private VolumeTrie _entries = from._entries;
        private bool _listChanged;
        private IReadOnlyList<VolumeEntry>? _asFound;

        /// <summary>
        /// One after the other: an entry that was added (nothing before it), put in place of another, or removed (nothing after it). Without those whose volume
        /// is described as before: the times of many files may have changed.
        /// </summary>
        public List<(VolumeEntry? Before, VolumeEntry? After)> Changes { get; } = [];

        /// <summary>Entries there are now.</summary>
        public int Count { get; private set; } = from.Count;

        public bool IsEmpty { get; private set; } = true;

        public VolumeEntry? Find(string name) => _entries.Find(name);

        /// <summary>Whether a name came or went, or a capacity or a format changed.</summary>
        /// <param name="isIgnored">Names whose changes do not count.</param>
        public bool IsNews(Func<string, bool> isIgnored) =>
            Changes.Exists(change => IsNews(change.Before, change.After) && !isIgnored((change.Before ?? change.After!).Name));

        public void Set(VolumeEntry entry)
        {
            _entries = _entries.Set(entry, _mark, out var before);
            Count += before is null ? 1 : 0;
            IsEmpty = false;
            if (!ReferenceEquals(before?.Definition, entry.Definition))
            {
                _listChanged |= before is null || before.Definition.Key != entry.Definition.Key;
                Changes.Add((before, entry));
            }
        }

        public void Remove(string name)
        {
            _entries = _entries.Remove(name, _mark, out var before);
            if (before is not null)
            {
                Count--;
                _listChanged = true;
                IsEmpty = false;
                Changes.Add((before, null));
            }
        }

        public void Clear()
        {
            Changes.AddRange(_entries.Entries.Select(entry => ((VolumeEntry?)entry, (VolumeEntry?)null)));
            _listChanged = true;
            IsEmpty = false;
            (_entries, Count) = (VolumeTrie.Empty, 0);
        }

        /// <summary>All entries that there are now, in the order in which a scan found them.</summary>
        public void Order(IReadOnlyList<VolumeEntry> entries) => _asFound = entries;

        /// <summary>The table; the edit ends with it.</summary>
        public VolumeTable ToTable() =>
            IsEmpty && _asFound is null ? from : new VolumeTable(_entries, Count) { _list = _listChanged ? null : from._list, AsFound = _asFound ?? [] };

        private static bool IsNews(VolumeEntry? before, VolumeEntry? after) =>
            before is null || after is null
                ? before != after
                : before.Definition.Capacity != after.Definition.Capacity || before.Definition.Target.Format != after.Definition.Target.Format;
    }
}
