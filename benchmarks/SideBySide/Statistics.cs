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
}
