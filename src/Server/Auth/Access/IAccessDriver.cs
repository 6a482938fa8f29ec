using Cistern.RemoteProtocol.Programs;

namespace Cistern.Server.Auth.Access;

/// <summary>Decides what authenticated clients may do with which object (libvirt's <c>access_drivers</c>).</summary>
public interface IAccessDriver
{
    /// <summary>Whether the client may do everything, so that nobody need be asked.</summary>
    bool IsUnrestricted(ClientIdentity client);

    /// <param name="connection">The name of the driver that the client opened, e.g. <c>QEMU</c>.</param>
    /// <param name="right">The permission in question.</param>
    /// <param name="about">The object.</param>
    ValueTask<bool> AllowsAsync(ClientIdentity client, string connection, AccessRule right, AccessTarget about, CancellationToken cancellation);
}
