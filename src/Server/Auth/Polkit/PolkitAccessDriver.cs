using Cistern.RemoteProtocol.Programs;
using Cistern.Server.Auth.Access;
using Cistern.Server.Auth.DBus;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Auth.Polkit;

/// <summary>
/// Asks polkit for every right: the action org.libvirt.api.OBJECT.PERMISSION with the object's names as details. Nothing is remembered, so that
/// a changed rule holds at once. Root is not asked about: polkit lets it do everything. Whoever has no process here is denied.
/// </summary>
public sealed class PolkitAccessDriver(IPolkitAuthority authority, ILogger log) : IAccessDriver
{
    private const string Prefix = "org.libvirt.api";

    public bool IsUnrestricted(ClientIdentity client) => client.IsLocalRoot;

    public async ValueTask<bool> AllowsAsync(
        ClientIdentity client, string connection, AccessRule right, AccessTarget about, CancellationToken cancellation)
    {
        var action = Action(right);
        if (PolkitSubject.Of(client) is not { } subject)
        {
            log.UnidentifiedDenied(client.Address, action);
            return false;
        }

        try
        {
            KeyValuePair<string, string>[] details = [new("connect_driver", connection), .. about.Details];
            return await authority.CheckAsync(subject, action, details, interactive: false, cancellation).ConfigureAwait(false) == PolkitDecision.Authorized;
        }
        catch (BusException failed)
        {
            log.PolkitFailed(action, failed.Message);
            return false;
        }
    }

    /// <summary>E.g. <c>org.libvirt.api.storage-pool.getattr</c>.</summary>
    public static string Action(AccessRule right) => $"{Prefix}.{right.Object}.{right.Permission}".Replace('_', '-');
}
