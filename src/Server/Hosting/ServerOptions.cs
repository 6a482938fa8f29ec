using System.Net;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Hosting;

/// <summary>What one instance was asked to be.</summary>
public sealed record ServerOptions
{
    /// <summary>libvirt's registered port for plain TCP.</summary>
    public const int StandardPort = 16509;

    public required InstanceFolders Folders { get; init; }

    /// <summary>Where to listen for TCP; null: nowhere. Port 0: any free port.</summary>
    public IPEndPoint? Tcp { get; init; }

    /// <summary>Take any free port when the one of <see cref="Tcp"/> is taken, rather than fail.</summary>
    public bool AnyPortWhenTaken { get; init; }

    /// <summary>Define and start a <c>default</c> pool when the instance runs for the first time.</summary>
    public bool DefaultPool { get; init; }

    public LogLevel LogLevel { get; init; } = LogLevel.Information;
}
