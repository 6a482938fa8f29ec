using Cistern.Storage.Definitions;

namespace Cistern.Storage.Pools;

/// <summary>Whether two pools would serve the same storage, by libvirt's rules. Pure; pools of the same name are the caller's affair.</summary>
internal static class SourceConflicts
{
    /// <param name="existing">A pool that there is.</param>
    /// <param name="added">The document of another one.</param>
    public static bool Conflict(PoolDefinition existing, PoolDefinition added)
    {
        if (HasDevices(existing.Type) && HasDevices(added.Type))
        {
            return ShareDevice(existing.Source, added.Source);
        }

        if (existing.Type != added.Type)
        {
            return false;
        }

        var (one, two) = (existing.Source, added.Source);
        return existing.Type switch
        {
            PoolType.Dir => existing.Target?.Path == added.Target?.Path,
            PoolType.NetFs => one.Dir == two.Dir && SameHost(one, two),
            PoolType.Gluster => one.Name == two.Name && one.Dir == two.Dir && SameHost(one, two),
            PoolType.Scsi => SameAdapter(one.Adapter, two.Adapter),
            PoolType.Iscsi => ShareDevice(one, two) && one.InitiatorIqn == two.InitiatorIqn,
            PoolType.Sheepdog => SameHost(one, two),
            PoolType.Mpath => true,
            PoolType.VStorage => one.Name == two.Name,
            _ => false,
        };
    }

    private static bool HasDevices(PoolType type) => type is PoolType.Fs or PoolType.Logical or PoolType.Disk or PoolType.Zfs;

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
