using System.Collections.Immutable;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Pools;

/// <summary>The volumes of a pool by name. Immutable; a change shares all but O(log n) with the table before.</summary>
internal sealed class VolumeTable
{
    private readonly ImmutableDictionary<string, VolumeEntry> _entries;
    private VolumeReference[]? _list;

    private VolumeTable(ImmutableDictionary<string, VolumeEntry> entries) => _entries = entries;

    public static VolumeTable Empty { get; } = new(ImmutableDictionary<string, VolumeEntry>.Empty);

    public int Count => _entries.Count;

    public IEnumerable<VolumeEntry> Entries => _entries.Values;

    public VolumeEntry? Find(string name) => _entries.GetValueOrDefault(name);

    /// <summary>The list as clients get it. The same array for the life of the table, so that what is made of it can be kept beside it.</summary>
    public VolumeReference[] List(string pool)
    {
        if (Volatile.Read(ref _list) is { } list)
        {
            return list;
        }

        list = new VolumeReference[_entries.Count];
        int index = 0;
        foreach (var entry in _entries.Values)
        {
            list[index++] = new VolumeReference(pool, entry.Name, entry.Definition.Key ?? "");
        }

        return Interlocked.CompareExchange(ref _list, list, null) ?? list;
    }

    public Edit Change() => new(this);

    /// <summary>A table in the making, and what it changes.</summary>
    public sealed class Edit
    {
        private readonly VolumeTable _from;
        private readonly ImmutableDictionary<string, VolumeEntry>.Builder _entries;
        private bool _listChanged;

        public Edit(VolumeTable from)
        {
            _from = from;
            _entries = from._entries.ToBuilder();
        }

        /// <summary>Entries replaced or removed.</summary>
        public List<VolumeEntry> Before { get; } = [];

        /// <summary>Entries added or put in place of others.</summary>
        public List<VolumeEntry> After { get; } = [];

        public IEnumerable<VolumeEntry> Entries => _entries.Values;

        public bool IsEmpty => Before.Count == 0 && After.Count == 0;

        public VolumeEntry? Find(string name) => _entries.GetValueOrDefault(name);

        /// <summary>Whether a name came or went, or a capacity or a format changed.</summary>
        /// <param name="isIgnored">Names whose changes do not count.</param>
        public bool IsNews(Func<string, bool> isIgnored)
        {
            foreach (var entry in Before)
            {
                if (Find(entry.Name) is var now && (now is null || IsNews(entry.Definition, now.Definition)) && !isIgnored(entry.Name))
                {
                    return true;
                }
            }

            return After.Exists(entry => _from.Find(entry.Name) is null && !isIgnored(entry.Name));
        }

        public void Set(VolumeEntry entry)
        {
            if (_entries.TryGetValue(entry.Name, out var before))
            {
                Before.Add(before);
            }

            _listChanged |= before is null || before.Definition.Key != entry.Definition.Key;
            After.Add(entry);
            _entries[entry.Name] = entry;
        }

        public void Remove(string name)
        {
            if (_entries.Remove(name, out var before))
            {
                Before.Add(before);
                _listChanged = true;
            }
        }

        public void Clear()
        {
            Before.AddRange(_entries.Values);
            _listChanged = true;
            _entries.Clear();
        }

        private static bool IsNews(VolumeDefinition before, VolumeDefinition after) =>
            before.Capacity != after.Capacity || before.Target.Format != after.Target.Format;

        public VolumeTable ToTable()
        {
            if (IsEmpty)
            {
                return _from;
            }

            return new VolumeTable(_entries.ToImmutable()) { _list = _listChanged ? null : _from._list };
        }
    }
}
