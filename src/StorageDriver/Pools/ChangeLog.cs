namespace Cistern.Storage.Pools;

/// <summary>
/// Numbers the changes of a pool's volumes, so that the result of a scan, which ran beside them, is taken only for names that did not change
/// since it began. Used with the pool's gate held.
/// </summary>
internal sealed class ChangeLog
{
    private readonly Dictionary<string, long> _deletions = [];
    private long _last;
    private int _scans;

    /// <summary>The number for the next change.</summary>
    public long Next() => ++_last;

    /// <summary>Notes the deletion of a name; kept only as long as a scan could bring the name back.</summary>
    public void Deleted(string name)
    {
        _last++;
        if (_scans > 0)
        {
            _deletions[name] = _last;
        }
    }

    /// <summary>Begins a scan; its results are compared with the number returned.</summary>
    public long BeginScan()
    {
        _scans++;
        return _last;
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
