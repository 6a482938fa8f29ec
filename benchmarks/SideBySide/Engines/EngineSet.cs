namespace Cistern.Benchmarks.SideBySide.Engines;

/// <summary>The engines of a run, each started when the first workload needs it.</summary>
/// <param name="disk">Where Ceph's files go, which are to be written past the kernel's cache.</param>
/// <param name="memory">Where gluster's files go, and what tools read from and write to.</param>
internal sealed class EngineSet(string disk, string memory) : IDisposable
{
    private readonly Lazy<Engine> _ceph = new(() => new Engine("ceph", disk));
    private readonly Lazy<Engine> _gluster = new(() => new Engine("gluster", memory));

    public string Memory => memory;

    public Engine Ceph => _ceph.Value;

    public Engine Gluster => _gluster.Value;

    public void Dispose()
    {
        foreach (var engine in new[] { _ceph, _gluster }.Where(engine => engine.IsValueCreated))
        {
            engine.Value.Dispose();
        }
    }
}
