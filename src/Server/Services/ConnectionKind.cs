using Cistern.RemoteProtocol.Errors;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services;

/// <summary>Which driver a connection was opened for.</summary>
internal static class ConnectionKind
{
    private const string Hypervisor = "qemu";
    private const string Storage = "storage";

    /// <summary>What an empty or absent name opens.</summary>
    public const string DefaultUri = "qemu:///system";

    /// <summary>Checks the URI that a client opens. Both paths are served whoever runs the server: a private instance is asked for either.</summary>
    /// <exception cref="RpcException">5/0 for a scheme that is not served, 1/0 for a path that is not.</exception>
    public static void Check(string uri)
    {
        var colon = uri.IndexOf(':', StringComparison.Ordinal);
        var scheme = colon < 0 ? "" : uri[..colon];
        if (scheme is not (Hypervisor or Storage))
        {
            throw ServiceErrors.NoDriver(uri);
        }

        var path = PathOf(uri[(colon + 1)..]);
        if (path is not ("/system" or "/session"))
        {
            throw ServiceErrors.Internal($"unexpected {scheme} URI path '{path}', try {scheme}:///system");
        }
    }

    /// <summary>Whether only the storage calls are there, as on libvirt's own <c>storage</c> connections.</summary>
    public static bool IsStorageOnly(this CallContext context) =>
        context.Client.OpenedUri is { } uri && uri.StartsWith(Storage + ":", StringComparison.Ordinal);

    /// <summary>The name of the driver that a client opened.</summary>
    public static string DriverName(this ClientConnection client) => DriverName(client.OpenedUri ?? DefaultUri);

    /// <inheritdoc cref="DriverName(ClientConnection)"/>
    public static string DriverName(string uri) => uri.StartsWith(Storage + ":", StringComparison.Ordinal) ? "storage" : "QEMU";

    /// <summary>Refuses a call that a storage connection does not have.</summary>
    /// <param name="domain">The module of the kind of object that the call is about.</param>
    /// <exception cref="RpcException">3 with that domain.</exception>
    public static void RequireHypervisor(this CallContext context, ErrorDomain domain)
    {
        if (context.IsStorageOnly())
        {
            throw ServiceErrors.NotSupported(RpcDispatcher.FunctionName(context.Procedure), domain);
        }
    }

    // The part behind "//authority", without query and fragment.
    private static string PathOf(string rest)
    {
        var end = rest.AsSpan().IndexOfAny('?', '#');
        var hierarchy = end < 0 ? rest : rest[..end];
        if (!hierarchy.StartsWith("//", StringComparison.Ordinal))
        {
            return hierarchy;
        }

        var slash = hierarchy.IndexOf('/', 2);
        return slash < 0 ? "" : hierarchy[slash..];
    }
}
