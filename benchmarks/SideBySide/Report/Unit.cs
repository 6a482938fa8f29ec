namespace Cistern.Benchmarks.SideBySide.Report;

/// <summary>What a metric counts. The rates are better high, everything else is better low.</summary>
internal enum Unit
{
    Microseconds,
    Milliseconds,
    Seconds,
    MebiBytes,
    KibiBytes,
    PerSecond,
    MegaBytesPerSecond,
}
