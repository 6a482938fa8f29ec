using Cistern.Storage.Backends.Mounts;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.NetFs;

/// <summary>The command lines of pools on a share of the network. No host in them begins with a dash, and every target with a slash.</summary>
public static class NetFsCommands
{
    /// <summary>A little longer than mount.nfs itself tries, so that it is the tool that tells what was wrong.</summary>
    private static readonly TimeSpan MountTimeout = TimeSpan.FromSeconds(150);

    /// <summary>What is not written back yet goes through the network first.</summary>
    private static readonly TimeSpan UnmountTimeout = TimeSpan.FromSeconds(60);

    /// <summary>A host that does not answer is asked over several protocols.</summary>
    private static readonly TimeSpan ExportsTimeout = TimeSpan.FromSeconds(60);

    /// <param name="credentials">Path of the file with the user's name and password (cifs); null: a guest.</param>
    public static Command Mount(PoolDefinition pool, string? credentials)
    {
        string source = ShareSource.NameOf(pool.Source);
        string target = pool.Target!.Path;
        string format = pool.Source.Format!;
        string? own = format switch
        {
            "glusterfs" => "direct-io-mode=1",
            "cifs" => credentials is null ? "guest" : $"credentials={credentials}",
            _ => pool.Source.ProtocolVersion is { } version ? $"nfsvers={version}" : null,
        };

        // With -t auto mount does not look at the source, which tells what kind it is.
        string[] type = format == "auto" ? [] : ["-t", format];
        return new Command("mount", ["-o", MountCommands.Options(pool, own), .. type, source, target]) { Timeout = MountTimeout };
    }

    public static Command Unmount(PoolDefinition pool) => MountCommands.Unmount(pool, UnmountTimeout);

    /// <summary>Asks an NFS server what it exports.</summary>
    public static Command Exports(string host) => new("showmount", ["--no-headers", "--exports", host]) { Timeout = ExportsTimeout };
}
