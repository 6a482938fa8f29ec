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
        int known = 0;
        foreach (var scanned in contents.Volumes)
        {
            var entry = table.Find(scanned.Definition.Name);
            known += entry is null ? 0 : 1;
            if (!ReferenceEquals(entry?.Volume, scanned) && changes.Untouched(scanned.Definition.Name, entry, begun) && entry?.Volume != scanned)
            {
                edit.Set(new VolumeEntry(scanned, number));
            }
        }

        if (known < table.Count)
        {
            RemoveVanished(edit, table, contents, changes, begun, number);
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
