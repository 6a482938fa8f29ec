using Cistern.Storage.Backends.Files;
using Cistern.Storage.Backends.Mounts;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.VStorage;

/// <summary>A Virtuozzo storage cluster, mounted by its own tool.</summary>
public sealed class VStorageBackend : MountBackend
{
    public override PoolTypeInfo Info => VStoragePoolType.Info;

    /// <exception cref="StorageException">8/18: any flag; 38/18.</exception>
    public override ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation) =>
        flags == 0
            ? PoolFolder.BuildAsync(pool, 0, cancellation)
            : ValueTask.FromException(StorageErrors.UnsupportedFlags(flags, "building of a pool"));

    internal override IMountSource Source(PoolDefinition pool)
    {
        RequireAbsolute(pool.Target!.Path);
        return new ClusterSource(pool.Source.Name!);
    }

    /// <summary>The mounted folder belongs to whom the document says, else to the server's user.</summary>
    private protected override async Task MountAsync(PoolContext pool, CancellationToken cancellation)
    {
        Permissions? asked = pool.Definition.Target!.Requested;
        var (user, group) = await pool.Threads.RunAsync(() => Names(asked), cancellation).ConfigureAwait(false);
        Command mount = VStorageCommands.Mount(pool.Definition, asked?.Mode ?? FileOwnership.DefaultPoolMode, user, group);
        await pool.Host.RunAsync(mount, cancellation).ConfigureAwait(false);
    }

    private protected override Command Unmount(PoolDefinition pool) => VStorageCommands.Unmount(pool);

    private static (string User, string Group) Names(Permissions? asked)
    {
        var (uid, gid) = (asked?.Owner ?? ProcessIdentity.User, asked?.Group ?? ProcessIdentity.Group);
        return (
            AccountNames.OfUser(uid) ?? throw StorageErrors.AccountUnknown("user", uid),
            AccountNames.OfGroup(gid) ?? throw StorageErrors.AccountUnknown("group", gid));
    }
}
