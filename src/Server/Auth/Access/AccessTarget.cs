using Cistern.Storage;
using Cistern.Storage.Secrets;

namespace Cistern.Server.Auth.Access;

/// <summary>What a permission is asked of: the kind of object, by the name that the protocol's rules give it, and what names the object.</summary>
public sealed class AccessTarget
{
    private const string PoolKind = "storage_pool";
    private const string VolumeKind = "storage_vol";
    private const string SecretKind = "secret";

    private AccessTarget(string kind, params IReadOnlyList<KeyValuePair<string, string>> details)
    {
        Kind = kind;
        Details = details;
    }

    /// <summary>The connection itself.</summary>
    public static AccessTarget Connection { get; } = new("connect");

    public string Kind { get; }

    /// <summary>By libvirt's names for them.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Details { get; }

    public static AccessTarget Pool(PoolReference pool) => new(PoolKind, new("pool_name", pool.Name), new("pool_uuid", pool.Uuid.ToString()));

    /// <summary>A volume; one that is still to be created has no key.</summary>
    public static AccessTarget Volume(PoolReference pool, VolumeReference volume)
    {
        List<KeyValuePair<string, string>> details =
            [new("pool_name", pool.Name), new("pool_uuid", pool.Uuid.ToString()), new("vol_name", volume.Name)];
        if (volume.Key.Length > 0)
        {
            details.Add(new("vol_key", volume.Key));
        }

        return new(VolumeKind, details);
    }

    public static AccessTarget Secret(SecretReference secret)
    {
        List<KeyValuePair<string, string>> details = [new("secret_uuid", secret.Uuid.ToString())];
        if (UsageDetail(secret.UsageType) is { } usage)
        {
            details.Add(new(usage, secret.UsageId));
        }

        return new(SecretKind, details);
    }

    private static string? UsageDetail(SecretUsageType type) => type switch
    {
        SecretUsageType.Volume => "secret_usage_volume",
        SecretUsageType.Ceph => "secret_usage_ceph",
        SecretUsageType.Iscsi => "secret_usage_target",
        SecretUsageType.Tls => "secret_usage_name",
        _ => null,
    };
}
