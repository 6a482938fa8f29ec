using System.Net;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Sheepdog;

/// <summary>The node of the cluster that a running pool asks.</summary>
/// <param name="Address">A numeric address: the tool takes no names.</param>
internal sealed record SheepdogSession(string Address, int Port) : IPoolSession
{
    private const int DefaultPort = 7000;

    private static readonly TimeSpan LookupTime = TimeSpan.FromSeconds(30);

    /// <exception cref="StorageException">67/18: not exactly one host; 9/18: it has no address.</exception>
    public static async Task<SheepdogSession> OpenAsync(PoolSource source, CancellationToken cancellation)
    {
        if (source.Hosts is not [var host])
        {
            throw StorageErrors.SourceHostCount(source.Hosts.Length);
        }

        int port = host.Port == 0 ? DefaultPort : host.Port;
        if (IPAddress.TryParse(host.Name, out var address))
        {
            return new SheepdogSession(address.ToString(), port);
        }

        try
        {
            var found = await Dns.GetHostAddressesAsync(host.Name, cancellation).WaitAsync(LookupTime, cancellation).ConfigureAwait(false);
            return found is [var first, ..] ? new SheepdogSession(first.ToString(), port) : throw StorageErrors.HostNotFound(host.Name, "no address");
        }
        catch (Exception error) when (error is not (StorageException or OperationCanceledException))
        {
            throw StorageErrors.HostNotFound(host.Name, error.Message);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
