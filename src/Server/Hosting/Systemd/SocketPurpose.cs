namespace Cistern.Server.Hosting.Systemd;

/// <summary>What a listening socket is for.</summary>
public enum SocketPurpose
{
    Unix,
    UnixReadOnly,
    Admin,
    Tcp,
    Tls,
}
