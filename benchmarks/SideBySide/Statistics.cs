namespace Cistern.Benchmarks.SideBySide;

internal static class Statistics
{
    public static double Median(double[] values) => Percentile(values, 0.5);

    /// <summary>The value at that share (0 to 1) of the sorted values; NaN of none.</summary>
    public static double Percentile(double[] values, double share)
    {
        if (values.Length == 0)
        {
            return double.NaN;
        }

        var sorted = values.Order().ToArray();
        return sorted[(int)Math.Min(sorted.Length - 1, share * sorted.Length)];
    }

    /// <summary>Latencies, in microseconds, as a caller meets them who may come at any time: of a long stop a client that waits for its answer before it asks again
    /// sees one late answer, where callers that come every 100 µs would all have waited, each a little less.</summary>
    public static double[] AtAnyTime(IEnumerable<double> latencies)
    {
        const double Interval = 100;
        var all = new List<double>();
        foreach (var latency in latencies)
        {
            all.Add(latency);
            for (var left = latency - Interval; left >= Interval; left -= Interval)
            {
                all.Add(left);
            }
        }

        return [.. all];
    }
}
