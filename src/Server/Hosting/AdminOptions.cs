namespace Cistern.Server.Hosting;

/// <summary>The limits of the admin socket. The defaults are libvirtd's.</summary>
public sealed record AdminOptions
{
    /// <summary><c>admin_max_clients</c>: administrators at one time.</summary>
    public int MaxClients { get; init; } = 5000;

    /// <summary><c>admin_max_queued_clients</c>: those that may wait to be accepted.</summary>
    public int MaxQueuedClients { get; init; } = 20;

    /// <summary><c>admin_max_client_requests</c>: calls of one of them that run at one time.</summary>
    public int MaxClientRequests { get; init; } = 5;
}
