using Cistern.Storage.Definitions;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Scsi;

/// <summary>Whether two adapters are one, by libvirt's rules, for which the host's own adapters are looked at.</summary>
internal static class ScsiAdapters
{
    public static bool AreSame(KernelRoots kernel, SourceAdapter? existing, SourceAdapter? added) => (existing, added) switch
    {
        (FcHostAdapter one, FcHostAdapter two) => one.Wwnn == two.Wwnn && one.Wwpn == two.Wwpn,
        (ScsiHostAdapter { Parent: { } one }, ScsiHostAdapter { Parent: { } two }) when one == two => true,
        (ScsiHostAdapter one, ScsiHostAdapter two) => HostOf(kernel, one) is { } host && host == HostOf(kernel, two),
        (FcHostAdapter one, ScsiHostAdapter two) => IsUnder(kernel, one, HostOf(kernel, two)),
        (ScsiHostAdapter one, FcHostAdapter two) => IsUnder(kernel, two, HostOf(kernel, one)),
        _ => false,
    };

    private static uint? HostOf(KernelRoots kernel, ScsiHostAdapter adapter) =>
        adapter.Parent is { } parent ? ScsiHosts.FindAt(kernel, parent) : ScsiHosts.Number(adapter.Name);

    /// <summary>Whether a virtual port is that host, or of it. Where one that is not there yet would come, nobody knows.</summary>
    private static bool IsUnder(KernelRoots kernel, FcHostAdapter port, uint? host) =>
        host is not null
        && (ScsiHosts.Number(port.Parent) == host
            || (FcHosts.Find(kernel, port.Wwnn, port.Wwpn) is { } own && (own == host || (port.Parent is null && FcHosts.ParentOf(kernel, own) == host))));
}
