namespace Cistern.Server.Auth.Polkit;

/// <summary>Who decides: polkit's authority.</summary>
public interface IPolkitAuthority
{
    /// <summary>Asks whether a process may do something.</summary>
    /// <param name="action">E.g. <c>org.libvirt.unix.manage</c>.</param>
    /// <param name="details">What the rules may look at, by name.</param>
    /// <param name="interactive">Whether the user may be asked for a password meanwhile.</param>
    /// <exception cref="DBus.BusException">The authority cannot be asked, or does not know the action or the process.</exception>
    Task<PolkitDecision> CheckAsync(
        PolkitSubject subject, string action, IReadOnlyCollection<KeyValuePair<string, string>> details, bool interactive, CancellationToken cancellation);
}
