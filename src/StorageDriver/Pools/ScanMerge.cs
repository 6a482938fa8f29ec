using Cistern.Storage.Backends;

namespace Cistern.Storage.Pools;

/// <summary>Takes the result of a scan, which ran beside changes, into the pool's table.</summary>
internal static class ScanMerge
{
    /// <summary>
    /// The scan decides for every name that did not change since it began, also that it is gone; for the others the table is newer.
    /// The pool's gate is held.
    /// </summary>
    /// <param name="begun">What <see cref="ChangeLog.BeginScan"/> returned; the greatest number: nothing else happened.</param>
    public static VolumeTable.Edit Merge(VolumeTable table, PoolContents contents, ChangeLog changes, long begun)
    {
        var edit = table.Change();
        long number = Math.Min(begun, changes.Next());
        if (IsAsBefore(table, contents.Volumes))
        {
            return edit;
        }

        int known = 0;
        bool isWhole = true;
        var asFound = new VolumeEntry?[contents.Volumes.Count];
        for (int place = 0; place < asFound.Length; place++)
        {
            var scanned = contents.Volumes[place];
            var entry = table.Find(scanned.Definition.Name);
            known += entry is null ? 0 : 1;
            if (!ReferenceEquals(entry?.Volume, scanned) && !changes.Untouched(scanned.Definition.Name, entry, begun))
            {
                isWhole = false;
            }
            else if (entry?.Volume != scanned)
            {
                entry = new VolumeEntry(scanned, number);
                edit.Set(entry);
            }

            asFound[place] = entry;
        }

        if (known < table.Count)
        {
            RemoveVanished(edit, table, contents, changes, begun, number);
        }

        if (isWhole && edit.Count == asFound.Length)
        {
            edit.Order(asFound!);
        }

        return edit;
    }

    /// <summary>As <see cref="Merge(VolumeTable, PoolContents, ChangeLog, long)"/>, for names that were looked at one by one; null: nothing is there.</summary>
    /// <param name="number">Of what is found: that of the beginning, or a new one for what a scan that runs must not remove.</param>
    public static VolumeTable.Edit Merge(
        VolumeTable table, IEnumerable<(string Name, ScannedVolume? Volume)> looks, ChangeLog changes, long begun, long number)
    {
        var edit = table.Change();
        foreach (var (name, volume) in looks)
        {
            var entry = table.Find(name);
            if (entry?.Volume == volume || !changes.Untouched(name, entry, begun))
            {
                continue;
            }

            if (volume is not null)
            {
                edit.Set(new VolumeEntry(volume, number));
            }
            else
            {
                edit.Remove(name);
                changes.Deleted(name, number);
            }
        }

        return edit;
    }

    private static bool IsAsBefore(VolumeTable table, IReadOnlyList<ScannedVolume> found)
    {
        if (table.AsFound.Count != table.Count || table.Count != found.Count)
        {
            return false;
        }

        for (int place = 0; place < found.Count; place++)
        {
            if (!ReferenceEquals(table.AsFound[place].Volume, found[place]))
            {
                return false;
            }
        }

        return true;
    }

    private static void RemoveVanished(VolumeTable.Edit edit, VolumeTable table, PoolContents contents, ChangeLog changes, long begun, long number)
    {
        var found = contents.Volumes.Select(scanned => scanned.Definition.Name).ToHashSet();
        foreach (var entry in table.Entries)
        {
            if (!found.Contains(entry.Name) && changes.Untouched(entry.Name, entry, begun))
            {
                edit.Remove(entry.Name);
                changes.Deleted(entry.Name, number);
            }
        }
    }
}
