using System.Globalization;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Iscsi;

/// <summary>A login at a target.</summary>
/// <param name="Id">The kernel's number of it.</param>
/// <param name="Initiator">Whom the target knows this host as.</param>
/// <param name="State"><c>LOGGED_IN</c> while the target can be reached.</param>
/// <param name="Host">The SCSI host that has the target's units.</param>
internal sealed record IscsiSession(string Id, string Target, string? Initiator, string? State, uint Host)
{
    public bool IsUp => State == "LOGGED_IN";
}

/// <summary>The sessions that the kernel has (sysfs, <c>class/iscsi_session</c>).</summary>
internal static class IscsiSessions
{
    private const string Prefix = "session";
    private const string HostPrefix = "host";

    /// <summary>The session at a target, whoever began it; null when there is none.</summary>
    /// <param name="initiator">Null: whatever the initiator's name.</param>
    public static IscsiSession? Find(KernelRoots kernel, string target, string? initiator) =>
        All(kernel).Where(session => session.Target == target && (initiator is null || session.Initiator == initiator))
            .OrderByDescending(session => session.IsUp)
            .FirstOrDefault();

    private static IEnumerable<IscsiSession> All(KernelRoots kernel)
    {
        string folder = $"{kernel.Sys}/class/iscsi_session";
        foreach (string name in KernelFiles.Names(folder).Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            string session = $"{folder}/{name}";
            if (KernelFiles.ReadText($"{session}/targetname") is { } target && HostOf(session) is { } host)
            {
                yield return new IscsiSession(
                    name[Prefix.Length..], target, KernelFiles.ReadText($"{session}/initiatorname"), KernelFiles.ReadText($"{session}/state"), host);
            }
        }
    }

    /// <summary>A session lies below the SCSI host that the kernel made for it.</summary>
    private static uint? HostOf(string session)
    {
        string? path = new DirectoryInfo(session).ResolveLinkTarget(returnFinalTarget: true)?.FullName;
        foreach (string part in path?.Split('/') ?? [])
        {
            if (part.StartsWith(HostPrefix, StringComparison.Ordinal)
                && uint.TryParse(part.AsSpan(HostPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out uint host))
            {
                return host;
            }
        }

        return null;
    }
}
