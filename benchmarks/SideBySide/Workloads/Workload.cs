using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Something to measure on both daemons.</summary>
/// <param name="Name">What <c>--only</c> takes.</param>
/// <param name="Rounds">Measured rounds; their median counts.</param>
/// <param name="WarmUp">Whether a round is run and thrown away first.</param>
internal sealed record Workload(string Name, int Rounds, bool WarmUp, Metric[] Metrics, Func<Daemon, IMeasurement> Prepare);
