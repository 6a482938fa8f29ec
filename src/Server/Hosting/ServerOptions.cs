using System.Collections.Immutable;
using System.Net;
using Cistern.Server.Auth;
using Cistern.Server.Auth.Access;
using Cistern.Server.Auth.Sasl;
using Cistern.Server.Hosting.Systemd;
using Cistern.Server.Rpc;
using Cistern.Server.Services.Node;
using Cistern.Server.Transport.Tls;
using Cistern.Storage;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Hosting;

/// <summary>What one instance was asked to be.</summary>
public sealed record ServerOptions
{
    /// <summary>libvirt's registered port for plain TCP.</summary>
    public const int StandardPort = 16509;

    /// <summary>libvirt's registered port for TLS.</summary>
    public const int StandardTlsPort = 16514;

    public required InstanceFolders Folders { get; init; }

    /// <summary>The configuration file that was named; null: the one of the instance, if it is there.</summary>
    public string? ConfigurationFile { get; init; }

    /// <inheritdoc cref="StorageDriverOptions.LivePools"/>
    public bool LivePools { get; init; } = true;

    /// <inheritdoc cref="StorageDriverOptions.NotLivePools"/>
    public ImmutableHashSet<string> NotLivePools { get; init; } = [];

    /// <inheritdoc cref="StorageDriverOptions.DeleteGuard"/>
    public bool DeleteGuard { get; init; } = true;

    /// <summary><c>secret_socket</c>: where the daemon listens that keeps the host's secrets; empty: there is none; null: in its usual place.</summary>
    public string? SecretSocket { get; init; }

    /// <summary><c>--listen</c>: also listen as <see cref="Network"/> says.</summary>
    public bool ListensAsConfigured { get; init; }

    public NetworkOptions Network { get; init; } = new();

    public TlsOptions TlsOptions { get; init; } = new();

    public SaslOptions Sasl { get; init; } = new();

    public RpcOptions Rpc { get; init; } = new();

    /// <summary><c>max_queued_clients</c>: clients that may wait in each listening socket to be accepted.</summary>
    public int MaxQueuedClients { get; init; } = 1000;

    public AdminOptions Admin { get; init; } = new();

    public LogOptions Log { get; init; } = new();

    public HostIdentity HostIdentity { get; init; } = new();

    /// <summary>What is in the configuration and has no effect.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];

    public AuthOptions Auth { get; init; } = new();

    public UnixSocketOptions UnixSockets { get; init; } = new();

    /// <summary><c>access_drivers</c>: who decides what an authenticated client may do with which object; all of them must allow it. None: everything.</summary>
    public ImmutableHashSet<AccessDriverKind> AccessDrivers { get; init; } = [];

    /// <summary>Whether polkit is asked about anything.</summary>
    public bool AsksPolkit => Auth is { UnixReadWrite: AuthScheme.Polkit } or { UnixReadOnly: AuthScheme.Polkit } || AccessDrivers.Contains(AccessDriverKind.Polkit);

    /// <summary>Where to listen for TCP; null: nowhere. Port 0: any free port.</summary>
    public IPEndPoint? Tcp { get; init; }

    /// <summary>Where to listen for TLS; null: nowhere. Port 0: any free port.</summary>
    public IPEndPoint? Tls { get; init; }

    /// <summary>Take any free port when the one of <see cref="Tcp"/> is taken, rather than fail.</summary>
    public bool AnyPortWhenTaken { get; init; }

    /// <summary>Define and start a <c>default</c> pool when the instance runs for the first time.</summary>
    public bool DefaultPool { get; init; }

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Holds the process id while the server runs; null: there is none.</summary>
    public string? PidFile { get; init; }

    /// <summary>Time without clients and work after which the server ends; null: it does not.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Sockets that the service manager listens on for the server, in place of all others.</summary>
    public IReadOnlyList<ActivationSocket> Activated { get; init; } = [];
}
