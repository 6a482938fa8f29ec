using System.Globalization;

namespace Cistern.Benchmarks.SideBySide.Report;

/// <summary>One row of the table.</summary>
/// <param name="Title">What is measured, with the client and the statistic.</param>
/// <param name="Target">The ratio cistern/libvirtd to reach; null where nothing is asked.</param>
/// <param name="Near">A milder ratio that is to be reached first; null where there is none.</param>
internal sealed record Metric(string Title, Unit Unit, double? Target = null, double? Near = null)
{
    public bool HigherIsBetter => Unit is Unit.PerSecond or Unit.MegaBytesPerSecond;

    public string Format(double value) => double.IsNaN(value) ? "-" : Unit switch
    {
        Unit.Microseconds => $"{Number(value)} us",
        Unit.Milliseconds => $"{Number(value)} ms",
        Unit.Seconds => $"{Number(value)} s",
        Unit.MebiBytes => $"{Number(value)} MiB",
        Unit.KibiBytes => $"{Number(value)} KiB",
        Unit.MegaBytesPerSecond => $"{Number(value)} MB/s",
        _ => $"{Number(value)} /s",
    };

    /// <summary>The target as text, the near one in brackets.</summary>
    public string FormatTarget()
    {
        var sign = HigherIsBetter ? ">=" : "<=";
        return (Target, Near) switch
        {
            (null, null) => "",
            ({ } target, null) => $"{sign} {Number(target)}",
            (null, { } near) => $"({sign} {Number(near)})",
            ({ } target, { } near) => $"{sign} {Number(target)} ({Number(near)})",
        };
    }

    /// <summary>pass: the target is reached; near: the milder one is; miss: neither.</summary>
    public string Verdict(double ratio) => (Target, Near) switch
    {
        _ when double.IsNaN(ratio) => "",
        (null, null) => "",
        ({ } target, _) when Reaches(ratio, target) => "pass",
        (_, { } near) when Reaches(ratio, near) => Target is null ? "pass" : "near",
        _ => "miss",
    };

    public static string Number(double value) => value switch
    {
        >= 100_000 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("0.##", CultureInfo.InvariantCulture),
        >= 0.01 => value.ToString("0.###", CultureInfo.InvariantCulture),
        _ => value.ToString("0.######", CultureInfo.InvariantCulture),
    };

    private bool Reaches(double ratio, double target) => HigherIsBetter ? ratio >= target : ratio <= target;
}
