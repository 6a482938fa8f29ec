using System.Collections.Concurrent;
using System.Collections.Immutable;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Commands;

/// <summary>The table of every tool that may be run, each resolved once to an absolute path.</summary>
public sealed class HostTools
{
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly ConcurrentDictionary<string, string> _found = new(StringComparer.Ordinal);
    private readonly ImmutableArray<string> _folders;

    public HostTools()
        : this(SafeFolders)
    {
    }

    /// <param name="folders">Absolute paths, searched in this order instead of <see cref="SafeFolders"/>.</param>
    public HostTools(ImmutableArray<string> folders) => _folders = folders;

    /// <summary>Every tool, in alphabetical order.</summary>
    public static ImmutableArray<string> Table { get; } =
    [
        "dog", // sheepdog clusters
        "gluster", // finds the volumes of a gluster server
        "iscsiadm", // pools of iSCSI targets
        "lvchange", // logical pools
        "lvcreate",
        "lvextend",
        "lvm", // reports on a whole volume group
        "lvreduce",
        "lvremove",
        "mkfs", // pools on a file system of their own
        "mount",
        "parted", // labels and partitions of disks
        "ploop", // volumes of format ploop
        "prlimit", // address space and CPU limits of a command
        "pvcreate", // logical pools
        "pvremove",
        "pvs",
        "qemu-img", // images that are not raw
        "qemu-system-aarch64", // the emulator's version, told to clients
        "qemu-system-x86_64",
        "scrub", // wipe algorithms other than zero
        "setpriv", // commands that run as another user
        "showmount", // finds the exports of an NFS server
        "udevadm", // waiting for the nodes of new devices
        "umount",
        "vgchange", // logical pools
        "vgcreate",
        "vgremove",
        "vgscan",
        "vstorage-mount", // mounts Virtuozzo storage clusters
        "zfs", // volumes of zpools
        "zpool",
    ];

    /// <summary>Folders that only root may write; the environment's <c>PATH</c> is not asked.</summary>
    public static ImmutableArray<string> SafeFolders { get; } = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>Absolute path of a tool, null when it is not installed; asked again then, so that it may be installed later.</summary>
    /// <exception cref="ArgumentException">The tool is not in <see cref="Table"/>.</exception>
    public string? Find(string tool)
    {
        if (_found.TryGetValue(tool, out string? path))
        {
            return path;
        }

        if (!Table.Contains(tool))
        {
            throw new ArgumentException($"'{tool}' is not in the table of tools", nameof(tool));
        }

        path = _folders.Select(folder => Path.Join(folder, tool)).FirstOrDefault(IsExecutable);
        return path is null ? null : _found.GetOrAdd(tool, path);
    }

    /// <summary>As <see cref="Find"/>.</summary>
    /// <exception cref="StorageException">1/18, naming the tool and where it was looked for.</exception>
    public string Resolve(string tool) => Find(tool) ?? throw StorageErrors.ToolMissing(tool, string.Join(':', _folders));

    private static bool IsExecutable(string path) => File.Exists(path) && (File.GetUnixFileMode(path) & AnyExecute) != 0;
}
