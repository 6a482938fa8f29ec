using System.Collections.Concurrent;
using Cistern.Storage.Backends.Capabilities;

namespace Cistern.Storage.Tests.Simulated;

/// <summary>What lies below one target path of the simulated backend.</summary>
internal sealed class SimulatedStorage
{
    public ConcurrentDictionary<string, SimulatedFile> Files { get; } = new();

    /// <summary>False: the target is gone.</summary>
    public bool Present { get; set; } = true;

    public bool Mounted { get; set; }

    /// <summary>Whether its numbers can be had without a scan.</summary>
    public bool TellsNumbers { get; set; } = true;

    /// <summary>What is lost of it; null: nothing.</summary>
    public string? Degraded { get; set; }

    /// <summary>Watches of the target that have not ended.</summary>
    public ConcurrentDictionary<SimulatedWatch, IPoolChanges> Watches { get; } = new();

    /// <summary>Whether watches begun from now on are told of changes.</summary>
    public bool IsTold { get; set; } = true;

    /// <summary>Counts the changes that a check would find.</summary>
    public int Mark { get; set; }

    /// <summary>Tells every watch something.</summary>
    public void Tell(Action<IPoolChanges> what)
    {
        foreach (var changes in Watches.Values)
        {
            what(changes);
        }
    }

    public ulong Available { get; set; } = 1UL << 40;
}

/// <summary>A file: bytes, and holes as runs of absent data.</summary>
internal sealed class SimulatedFile
{
    private static long s_versions;

    /// <summary>What a header would say.</summary>
    public ulong Capacity { get; set; }

    public byte[] Data { get; set; } = [];

    /// <summary>Ranges that read as zeros and take no space.</summary>
    public List<(long Start, long End)> Holes { get; } = [];

    public long Version { get; private set; } = Interlocked.Increment(ref s_versions);

    public void Touch() => Version = Interlocked.Increment(ref s_versions);
}
