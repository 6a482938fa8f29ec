namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>A pool refreshed and all its volumes listed, of which there must be so many.</summary>
internal sealed class RefreshedList(Pool pool, int count) : IMeasurement
{
    public double[] Measure()
    {
        var found = 0;
        var values = ServerWork.Measure(pool.Daemon, () =>
        {
            pool.Client.Exchange(pool.Refresh);
            found = pool.Volumes().Length;
        });
        return found == count ? values : throw new IOException($"{found} volumes of {count} were listed");
    }

    public void Dispose() => pool.Dispose();
}
