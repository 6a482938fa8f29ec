using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Backends.Mounts;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Secrets;

namespace Cistern.Storage.Backends.NetFs;

/// <summary>A folder that a server shares: NFS, CIFS or a gluster volume through its file system.</summary>
public sealed class NetFsBackend : MountBackend, ISourceDiscovery
{
    public override PoolTypeInfo Info => NetFsPoolType.Info;

    public override ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation) => PoolFolder.BuildAsync(pool, flags, cancellation);

    public async ValueTask<IReadOnlyList<PoolSource>> FindSourcesAsync(
        HostContext host, PoolSource? specification, CancellationToken cancellation) =>
        await NetFsSources.FindAsync(host, specification, cancellation).ConfigureAwait(false);

    internal override IMountSource Source(PoolDefinition pool)
    {
        if (pool.Source.Hosts is not [var host])
        {
            throw StorageErrors.SourceHostCount(pool.Source.Hosts.Length);
        }

        ShareHost.Require(host.Name);
        RequireAbsolute(pool.Target!.Path);
        return new ShareSource(pool.Source);
    }

    private protected override async Task MountAsync(PoolContext pool, CancellationToken cancellation)
    {
        SourceAuth? auth = pool.Definition.Source is { Format: "cifs", Auth: var given } ? given : null;
        using PrivateFile? credentials = await CredentialsFile.WriteAsync(pool.Host, auth, cancellation).ConfigureAwait(false);
        await pool.Host.RunAsync(NetFsCommands.Mount(pool.Definition, credentials?.Path), cancellation).ConfigureAwait(false);
    }

    private protected override Command Unmount(PoolDefinition pool) => NetFsCommands.Unmount(pool);
}
