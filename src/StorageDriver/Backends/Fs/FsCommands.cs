using Cistern.Storage.Backends.Mounts;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Fs;

/// <summary>The command lines of pools on a file system of their own. Every path in them begins with a slash.</summary>
public static class FsCommands
{
    /// <summary>A file system that was not unmounted may be checked first; one in use may have much to write back.</summary>
    private static readonly TimeSpan MountTimeout = TimeSpan.FromMinutes(10);

    /// <summary>A device that is slow at forgetting old content takes its time.</summary>
    private static readonly TimeSpan MakeTimeout = TimeSpan.FromHours(1);

    public static Command Mount(PoolDefinition pool) =>
        new("mount", ["-o", MountCommands.Options(pool), "-t", pool.Source.Format!, pool.Source.Devices[0].Path, pool.Target!.Path]) { Timeout = MountTimeout };

    public static Command Unmount(PoolDefinition pool) => MountCommands.Unmount(pool, MountTimeout);

    /// <summary>Makes a file system, whatever is on the device.</summary>
    public static Command Make(PoolDefinition pool)
    {
        string format = pool.Source.Format!;
        string? force = format switch { "xfs" or "btrfs" => "-f", "ext2" or "ext3" or "ext4" => "-F", "vfat" => "-I", _ => null };
        return new Command("mkfs", ["-t", format, .. force is null ? Array.Empty<string>() : [force], pool.Source.Devices[0].Path]) { Timeout = MakeTimeout };
    }
}
