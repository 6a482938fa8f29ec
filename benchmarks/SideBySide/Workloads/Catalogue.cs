using Cistern.Benchmarks.SideBySide.Engines;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Every workload, in the order of the table.</summary>
internal static class Catalogue
{
    public static IEnumerable<Workload> All(bool quick, EngineSet engines) =>
    [
        .. RoundTrip.Workloads(quick),
        .. Pipelining.Workloads(quick),
        .. Connections.Workloads(quick),
        .. Lists.Workloads(quick),
        .. Refreshing.Workloads(quick),
        .. BesideRefresh.Workloads(quick),
        .. BesideChange.Workloads(quick),
        .. Changes.Workloads(quick),
        .. Cloning.Workloads(quick),
        .. Wiping.Workloads(quick),
        .. Transfers.Workloads(quick),
        .. Footprint.Workloads(quick),
        .. LibraryClient.Workloads(quick),
        .. CephImages.Workloads(quick, engines),
        .. GlusterFiles.Workloads(quick, engines),
    ];
}
