using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Pools;

/// <summary>Whether two pools would serve the same storage, by libvirt's rules. Pure; pools of the same name are the caller's affair.</summary>
internal static class SourceConflicts
{
    /// <param name="existing">A pool that there is.</param>
    /// <param name="added">The document of another one.</param>
    public static bool Conflict(PoolDefinition existing, PoolDefinition added)
    {
        var identity = PoolTypes.Get(added.Type).SourceIdentity;
        if (identity != PoolTypes.Get(existing.Type).SourceIdentity)
        {
            return false;
        }

        var (one, two) = (existing.Source, added.Source);
        return identity switch
        {
            SourceIdentity.TargetPath => existing.Target?.Path == added.Target?.Path,
            SourceIdentity.Devices => ShareDevice(one, two),
            SourceIdentity.DevicesAndInitiator => ShareDevice(one, two) && one.InitiatorIqn == two.InitiatorIqn,
            SourceIdentity.Host => SameHost(one, two),
            SourceIdentity.HostAndDir => one.Dir == two.Dir && SameHost(one, two),
            SourceIdentity.HostNameAndDir => one.Name == two.Name && one.Dir == two.Dir && SameHost(one, two),
            SourceIdentity.Name => one.Name == two.Name,
            SourceIdentity.Adapter => SameAdapter(one.Adapter, two.Adapter),
            SourceIdentity.Machine => true,
            _ => false,
        };
    }

    private static bool ShareDevice(PoolSource one, PoolSource two) =>
        one.Devices.Any(device => two.Devices.Any(other => other.Path == device.Path));

    private static bool SameHost(PoolSource existing, PoolSource added) =>
        existing.Hosts is [var one] && added.Hosts is [var two] && (two.Port == 0 || one.Port == two.Port) && one.Name == two.Name;

    private static bool SameAdapter(SourceAdapter? existing, SourceAdapter? added) => (existing, added) switch
    {
        (FcHostAdapter one, FcHostAdapter two) => one.Wwnn == two.Wwnn && one.Wwpn == two.Wwpn,
        (ScsiHostAdapter { Parent: { } one }, ScsiHostAdapter { Parent: { } two }) => one == two,
        (ScsiHostAdapter one, ScsiHostAdapter two) => HostNumber(one.Name) is { } number && number == HostNumber(two.Name),
        (FcHostAdapter one, ScsiHostAdapter two) => HostNumber(one.Parent) is { } number && number == HostNumber(two.Name),
        (ScsiHostAdapter one, FcHostAdapter two) => HostNumber(one.Name) is { } number && number == HostNumber(two.Parent),
        _ => false,
    };

    /// <summary>The N of <c>scsi_hostN</c>, <c>fc_hostN</c> or <c>hostN</c>.</summary>
    private static uint? HostNumber(string? name)
    {
        int digits = name?.LastIndexOf("host", StringComparison.Ordinal) ?? -1;
        return digits >= 0 && uint.TryParse(name.AsSpan(digits + 4), out uint number) ? number : null;
    }
}
