using Cistern.Server.Auth;

namespace Cistern.Server.Hosting;

/// <summary>A unix socket that an instance is to listen on.</summary>
/// <param name="Mode">Who may connect.</param>
/// <param name="Scheme">How they authenticate.</param>
/// <param name="IsReadOnly">Whether its clients may only look.</param>
internal sealed record UnixSocket(string Path, UnixFileMode Mode, AuthScheme Scheme, bool IsReadOnly)
{
    /// <summary>Those that the options ask for.</summary>
    public static UnixSocket[] Of(ServerOptions options)
    {
        var (folders, sockets, auth) = (options.Folders, options.UnixSockets, options.Auth);
        return
        [
            new(folders.Socket, sockets.ReadWrite ?? ModeFor(auth.UnixReadWrite), auth.UnixReadWrite, IsReadOnly: false),
            new(folders.ReadOnlySocket, sockets.ReadOnly ?? ModeFor(auth.UnixReadOnly), auth.UnixReadOnly, IsReadOnly: true),
        ];
    }

    private static UnixFileMode ModeFor(AuthScheme scheme) => scheme == AuthScheme.Polkit ? UnixSocketOptions.Everybody : UnixSocketOptions.OwnerOnly;
}
