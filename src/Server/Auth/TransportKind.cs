namespace Cistern.Server.Auth;

public enum TransportKind
{
    Unix,
    Tcp,
    Tls,
}
