using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Something to measure on both daemons, or on a tool and cisternd.</summary>
/// <param name="Name">What <c>--only</c> takes.</param>
/// <param name="Rounds">Measured rounds; their median counts.</param>
/// <param name="WarmUp">Whether a round is run and thrown away first.</param>
/// <param name="PrepareTool">What is measured in libvirtd's place: the engine's own tool; null: libvirtd.</param>
internal sealed record Workload(
    string Name, int Rounds, bool WarmUp, Metric[] Metrics, Func<Daemon, IMeasurement> Prepare, Func<IMeasurement>? PrepareTool = null);
