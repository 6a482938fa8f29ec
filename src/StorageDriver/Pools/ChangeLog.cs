namespace Cistern.Storage.Pools;

/// <summary>
/// Numbers the changes of a pool's volumes, and the looks at them, so that what a scan or a look saw is taken only for names of which nothing newer
/// is known than when it began. What it saw carries the number of its beginning, since others may have looked later. Used with the pool's gate held.
/// </summary>
internal sealed class ChangeLog
{
    private readonly Dictionary<string, long> _deletions = [];
    private long _last;
    private int _scans;

    /// <summary>The number for the next change.</summary>
    public long Next() => ++_last;

    /// <summary>Notes the deletion of a name.</summary>
    public void Deleted(string name) => Deleted(name, Next());

    /// <summary>Notes that a name is gone; kept only as long as a scan could bring it back.</summary>
    /// <param name="number">Of the scan that missed the name.</param>
    public void Deleted(string name, long number)
    {
        if (_scans > 0)
        {
            _deletions[name] = number;
        }
    }

    /// <summary>Begins a scan; its results are compared with the number returned.</summary>
    public long BeginScan()
    {
        _scans++;
        return Next();
    }

    public void EndScan()
    {
        if (--_scans == 0)
        {
            _deletions.Clear();
        }
    }

    /// <summary>True when nothing happened to the name since the scan began.</summary>
    /// <param name="entry">What the table holds for the name now.</param>
    public bool Untouched(string name, VolumeEntry? entry, long begun) =>
        entry is not null ? entry.Building is null && entry.Changed <= begun : _deletions.GetValueOrDefault(name) <= begun;
}
