namespace Cistern.Server.Hosting;

/// <summary>Where a server that was started with <c>--listen</c> listens. The defaults are libvirtd's.</summary>
public sealed record NetworkOptions
{
    /// <summary><c>listen_tls</c>.</summary>
    public bool ListensForTls { get; init; } = true;

    /// <summary><c>listen_tcp</c>.</summary>
    public bool ListensForTcp { get; init; }

    /// <summary><c>listen_addr</c>: an address or a host's name; null: all addresses.</summary>
    public string? Address { get; init; }

    /// <summary><c>tls_port</c>.</summary>
    public int TlsPort { get; init; } = ServerOptions.StandardTlsPort;

    /// <summary><c>tcp_port</c>.</summary>
    public int TcpPort { get; init; } = ServerOptions.StandardPort;
}
