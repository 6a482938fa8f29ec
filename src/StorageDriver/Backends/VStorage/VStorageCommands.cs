using Cistern.Storage.Backends.Mounts;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.VStorage;

/// <summary>The command lines of pools on Virtuozzo storage. Every target in them begins with a slash.</summary>
public static class VStorageCommands
{
    private static readonly TimeSpan MountTimeout = TimeSpan.FromMinutes(3);

    /// <summary>What is not written back yet goes through the network first.</summary>
    private static readonly TimeSpan UnmountTimeout = TimeSpan.FromSeconds(60);

    /// <param name="mode">Permission bits of the mounted folder.</param>
    /// <param name="user">Name of its owner: the tool takes no numbers.</param>
    /// <param name="group">Name of its group.</param>
    public static Command Mount(PoolDefinition pool, uint mode, string user, string group) =>
        new("vstorage-mount", ["-c", pool.Source.Name!, pool.Target!.Path, "-m", Convert.ToString(mode, 8), "-g", group, "-u", user])
        {
            Timeout = MountTimeout,
        };

    public static Command Unmount(PoolDefinition pool) => MountCommands.Unmount(pool, UnmountTimeout);
}
