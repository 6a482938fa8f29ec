namespace Cistern.Benchmarks.SideBySide.Report;

/// <summary>A metric with both daemons' medians; NaN where a daemon could not do it.</summary>
internal sealed record Row(string Workload, Metric Metric, double Reference, double Candidate)
{
    public double Ratio => Candidate / Reference;

    /// <summary>The cells in the order of the table's head.</summary>
    public string[] Cells() =>
    [
        Workload,
        Metric.Title,
        Metric.Format(Reference),
        Metric.Format(Candidate),
        double.IsNaN(Ratio) ? "-" : Metric.Number(Ratio),
        Metric.FormatTarget(),
        Metric.Verdict(Ratio),
    ];
}
