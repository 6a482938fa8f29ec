using System.Numerics;

namespace Cistern.Storage.Pools;

/// <summary>
/// A node of a hash trie of volumes by name (Bagwell, "Ideal Hash Trees"): 32 branches, of which only those in use are kept, so that a look-up in a pool
/// of thousands touches three or four nodes and a change copies as many. A node is immutable but for the change that has made it.
/// </summary>
/// <param name="map">Which branches there are, a bit each.</param>
/// <param name="items">Those branches in order: a <see cref="VolumeEntry"/>, a node, or, where all of the hash is used up, an array of entries.</param>
/// <param name="owner">Marks the change that may still write into it. Kept as long as the node.</param>
internal sealed class VolumeTrie(uint map, object[] items, object? owner)
{
    private const int Bits = 5;
    private const int BranchMask = (1 << Bits) - 1;
    private const int HashBits = 32;

    private uint _map = map;
    private object[] _items = items;

    public static VolumeTrie Empty { get; } = new(0, [], null);

    public IEnumerable<VolumeEntry> Entries => _items.SelectMany(item => item switch
    {
        VolumeEntry entry => [entry],
        VolumeTrie node => node.Entries,
        _ => (VolumeEntry[])item,
    });

    public VolumeEntry? Find(string name)
    {
        var node = this;
        for (uint hash = Hash(name); ; hash >>= Bits)
        {
            uint branch = 1u << (int)(hash & BranchMask);
            if ((node._map & branch) == 0)
            {
                return null;
            }

            object item = node._items[node.Index(branch)];
            if (item is VolumeEntry entry)
            {
                return entry.Name == name ? entry : null;
            }

            if (item is not VolumeTrie next)
            {
                return Find((VolumeEntry[])item, name);
            }

            node = next;
        }
    }

    /// <summary>With an entry, in place of the one of its name if there is one.</summary>
    /// <param name="change">Mark of the change: nodes that it made are written into.</param>
    /// <param name="before">The entry that was replaced.</param>
    public VolumeTrie Set(VolumeEntry entry, object change, out VolumeEntry? before) => Set(entry, Hash(entry.Name), 0, change, out before);

    /// <summary>Without the entry of a name; itself when there is none.</summary>
    /// <inheritdoc cref="Set(VolumeEntry, object, out VolumeEntry?)"/>
    public VolumeTrie Remove(string name, object change, out VolumeEntry? before) => Remove(name, Hash(name), change, out before);

    private VolumeTrie Set(VolumeEntry entry, uint hash, int used, object change, out VolumeEntry? before)
    {
        before = null;
        uint branch = 1u << (int)(hash & BranchMask);
        int index = Index(branch);
        if ((_map & branch) == 0)
        {
            return With(_map | branch, [.. _items.AsSpan(0, index), entry, .. _items.AsSpan(index)], change);
        }

        switch (_items[index])
        {
            case VolumeEntry other when other.Name == entry.Name:
                before = other;
                return With(index, entry, change);
            case VolumeEntry other:
                return With(index, Both(other, Hash(other.Name) >> used >> Bits, entry, hash >> Bits, used + Bits, change), change);
            case VolumeTrie node:
                return With(index, node.Set(entry, hash >> Bits, used + Bits, change, out before), change);
            case var item:
                var entries = (VolumeEntry[])item;
                before = Find(entries, entry.Name);
                return With(index, (VolumeEntry[])[.. Without(entries, before), entry], change);
        }
    }

    private VolumeTrie Remove(string name, uint hash, object change, out VolumeEntry? before)
    {
        before = null;
        uint branch = 1u << (int)(hash & BranchMask);
        if ((_map & branch) == 0)
        {
            return this;
        }

        int index = Index(branch);
        object? rest;
        switch (_items[index])
        {
            case VolumeEntry entry:
                before = entry.Name == name ? entry : null;
                rest = null;
                break;
            case VolumeTrie node:
                var smaller = node.Remove(name, hash >> Bits, change, out before);
                rest = smaller._items is [VolumeEntry only] ? only : smaller;
                break;
            case var item:
                var entries = (VolumeEntry[])item;
                before = Find(entries, name);
                VolumeEntry[] others = [.. Without(entries, before)];
                rest = others is [var last] ? last : others;
                break;
        }

        return before is null ? this
            : rest is not null ? With(index, rest, change)
            : With(_map & ~branch, [.. _items.AsSpan(0, index), .. _items.AsSpan(index + 1)], change);
    }

    /// <remarks>A lambda in the methods above would cost an object at each of their calls, for what next to none of them comes to.</remarks>
    private static VolumeEntry? Find(VolumeEntry[] entries, string name) => Array.Find(entries, entry => entry.Name == name);

    private static IEnumerable<VolumeEntry> Without(VolumeEntry[] entries, VolumeEntry? left) => entries.Where(entry => entry != left);

    /// <summary>Two entries below a branch that both of their hashes take.</summary>
    private static object Both(VolumeEntry one, uint oneHash, VolumeEntry other, uint otherHash, int used, object change)
    {
        if (used >= HashBits)
        {
            return new[] { one, other };
        }

        uint oneBranch = 1u << (int)(oneHash & BranchMask);
        uint otherBranch = 1u << (int)(otherHash & BranchMask);
        return oneBranch == otherBranch
            ? new VolumeTrie(oneBranch, [Both(one, oneHash >> Bits, other, otherHash >> Bits, used + Bits, change)], change)
            : new VolumeTrie(oneBranch | otherBranch, oneBranch < otherBranch ? [one, other] : [other, one], change);
    }

    private VolumeTrie With(int index, object item, object change)
    {
        if (ReferenceEquals(_items[index], item))
        {
            return this;
        }

        if (owner != change)
        {
            return new VolumeTrie(_map, [.. _items.AsSpan(0, index), item, .. _items.AsSpan(index + 1)], change);
        }

        _items[index] = item;
        return this;
    }

    private VolumeTrie With(uint branches, object[] contents, object change)
    {
        if (owner != change)
        {
            return new VolumeTrie(branches, contents, change);
        }

        (_map, _items) = (branches, contents);
        return this;
    }

    private int Index(uint branch) => BitOperations.PopCount(_map & (branch - 1));

    private static uint Hash(string name) => (uint)name.GetHashCode();
}
