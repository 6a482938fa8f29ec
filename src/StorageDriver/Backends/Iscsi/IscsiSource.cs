using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Iscsi;

/// <summary>What a pool's document says of its target.</summary>
internal static class IscsiSource
{
    /// <exception cref="StorageException">67/18: there is not exactly one host; 1/18: nor one device, the target's name; 8/18: which is none.</exception>
    public static (SourceHost Host, string Target) Require(PoolDefinition pool)
    {
        SourceHost host = Host(pool.Source);
        string target = pool.Source.Devices is [{ Path: { Length: > 0 } name }] ? name : throw StorageErrors.SourceDeviceMissing(pool.Name);

        // The name stands in a command line, and in the path of iscsiadm's record.
        return target[0] != '-' && !target.Contains('/', StringComparison.Ordinal) && !target.Any(char.IsWhiteSpace)
            ? (host, target)
            : throw StorageErrors.IscsiTargetInvalid(target);
    }

    /// <exception cref="StorageException">67/18.</exception>
    public static SourceHost Host(PoolSource source) => source.Hosts is [var host] ? host : throw StorageErrors.SourceHostCount(source.Hosts.Length);

    /// <summary>With the port that is meant.</summary>
    public static PoolSource WithPort(PoolSource source) =>
        source with { Hosts = [.. source.Hosts.Select(host => host.Port == 0 ? host with { Port = IscsiCommands.DefaultPort } : host)] };
}
