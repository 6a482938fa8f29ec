namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>A new volume uploaded and downloaded.</summary>
internal sealed class FillAndRead(Pool pool, long length) : IMeasurement
{
    public double[] Measure()
    {
        var volume = pool.Create("transferred", length, 0);
        var values = new[]
        {
            Transfers.Rate(length, () => Transfers.Upload(pool.Client, volume, length)),
            Transfers.Rate(length, () => Transfers.Download(pool.Client, volume, length)),
        };
        pool.Delete(volume);
        return values;
    }

    public void Dispose() => pool.Dispose();
}
