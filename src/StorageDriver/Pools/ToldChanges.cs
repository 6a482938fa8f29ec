using Cistern.Storage.Backends.Capabilities;

namespace Cistern.Storage.Pools;

/// <summary>What a watch has told, until it is taken. From any thread.</summary>
/// <param name="alarm">Rung when there is something to take.</param>
internal sealed class ToldChanges(Alarm alarm) : IPoolChanges
{
    /// <summary>From that many names on one scan is cheaper, and the memory they take is bounded.</summary>
    private const int MaxNames = 1000;

    private readonly Lock _lock = new();
    private HashSet<string> _names = [];
    private bool _missed;
    private bool _gone;

    /// <summary>Everything told since the last call.</summary>
    public (IReadOnlyCollection<string> Names, bool Missed, bool Gone) Take()
    {
        lock (_lock)
        {
            var told = (_names, _missed, _gone);
            _names = _names.Count == 0 ? _names : [];
            _missed = _gone = false;
            return told;
        }
    }

    /// <summary>Whether there is something to take, and whether it is worth no more wait.</summary>
    public (bool Any, bool Gone) Look()
    {
        lock (_lock)
        {
            return (_missed || _gone || _names.Count > 0, _gone);
        }
    }

    public void Changed(string name)
    {
        bool isFirst;
        lock (_lock)
        {
            isFirst = _names.Count == 0;
            _missed |= _names.Count == MaxNames;
            _ = _missed || _names.Add(name);
        }

        if (isFirst)
        {
            alarm.Ring();
        }
    }

    public void Missed()
    {
        lock (_lock)
        {
            _missed = true;
        }

        alarm.Ring();
    }

    public void Gone()
    {
        lock (_lock)
        {
            _gone = true;
        }

        alarm.Ring();
    }
}
