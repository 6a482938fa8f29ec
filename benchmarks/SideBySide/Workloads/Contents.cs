namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>What lies in a pool's directory before the pool starts.</summary>
/// <param name="Name">The directory's name.</param>
/// <param name="Keep">
/// Whether the directory stays for the next workload that wants the same. Ten thousand files do: ext4 is slow to make files soon after as many were deleted.
/// </param>
/// <param name="Fill">Puts the files into the directory.</param>
internal sealed record Contents(string Name, bool Keep, Action<string> Fill)
{
    public static Contents None { get; } = new("empty", Keep: false, _ => { });
}
