namespace Cistern.Storage.Pools;

/// <summary>Waits between attempts: each twice as long as the one before, up to a longest.</summary>
internal sealed class BackOff
{
    private readonly TimeSpan _first;
    private readonly TimeSpan _longest;
    private TimeSpan _next;

    public BackOff(TimeSpan first, TimeSpan longest)
    {
        _first = first;
        _longest = longest;
        _next = first;
    }

    /// <summary>The wait before the next attempt.</summary>
    public TimeSpan Next()
    {
        var wait = _next;
        _next = wait * 2 < _longest ? wait * 2 : _longest;
        return wait;
    }

    public void Reset() => _next = _first;
}
