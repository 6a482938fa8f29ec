using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Scsi;
using Cistern.Storage.Definitions;
using Cistern.Storage.Host;

namespace Cistern.Storage.Pools;

/// <summary>Whether two pools would serve the same storage, by libvirt's rules. Pools of the same name are the caller's affair.</summary>
internal static class SourceConflicts
{
    /// <param name="kernel">Tells which host is at an adapter's address.</param>
    /// <param name="existing">A pool that there is.</param>
    /// <param name="added">The document of another one.</param>
    public static bool Conflict(KernelRoots kernel, PoolDefinition existing, PoolDefinition added)
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
            SourceIdentity.Adapter => ScsiAdapters.AreSame(kernel, one.Adapter, two.Adapter),
            SourceIdentity.Machine => true,
            _ => false,
        };
    }

    private static bool ShareDevice(PoolSource one, PoolSource two) =>
        one.Devices.Any(device => two.Devices.Any(other => other.Path == device.Path));

    private static bool SameHost(PoolSource existing, PoolSource added) =>
        existing.Hosts is [var one] && added.Hosts is [var two] && (two.Port == 0 || one.Port == two.Port) && one.Name == two.Name;
}
