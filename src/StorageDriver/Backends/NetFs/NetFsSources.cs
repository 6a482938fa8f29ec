using Cistern.Storage.Backends.Gluster;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.NetFs;

/// <summary>Finds what a host shares: NFS exports, and gluster volumes where gluster's tool is installed.</summary>
internal static class NetFsSources
{
    /// <exception cref="StorageException">8/18: no host; 67/18: several; 9/18: there is neither an NFS nor a gluster server that answers.</exception>
    public static async Task<IReadOnlyList<PoolSource>> FindAsync(HostContext host, PoolSource? specification, CancellationToken cancellation)
    {
        string server = Server(specification);
        var (exports, failure) = await TryAsync(() => ExportsAsync(host, server, cancellation)).ConfigureAwait(false);
        var (volumes, _) = await TryAsync(() => GlusterVolumes.FindAsync(host, server, cancellation)).ConfigureAwait(false);
        PoolSource[] found =
        [
            .. exports.Select(folder => Share(server, folder, "nfs")),
            .. volumes.Select(volume => Share(server, volume, "glusterfs")),
        ];
        return failure is null || found.Length > 0 ? found : throw StorageErrors.NoSharesFound(server, failure);
    }

    private static async Task<IReadOnlyList<string>> ExportsAsync(HostContext host, string server, CancellationToken cancellation) =>
        [.. ShowmountOutput.Folders(await host.RunAsync(NetFsCommands.Exports(server), cancellation).ConfigureAwait(false))];

    /// <summary>What is found, or why nothing can be: a host need not serve both.</summary>
    private static async Task<(IReadOnlyList<string> Found, string? Failure)> TryAsync(Func<Task<IReadOnlyList<string>>> find)
    {
        try
        {
            return (await find().ConfigureAwait(false), null);
        }
        catch (StorageException error)
        {
            return ([], error.Message);
        }
    }

    private static string Server(PoolSource? specification)
    {
        if (specification is null)
        {
            throw StorageErrors.SourceHostMissing("netfs");
        }

        if (specification.Hosts is not [var host])
        {
            throw StorageErrors.SourceHostCount(specification.Hosts.Length);
        }

        ShareHost.Require(host.Name);
        return host.Name;
    }

    private static PoolSource Share(string server, string folder, string format) => new() { Hosts = [new SourceHost(server)], Dir = folder, Format = format };
}
