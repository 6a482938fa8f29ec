using Cistern.Server.Auth.Access;
using Cistern.Storage;
using Cistern.Storage.Secrets;

namespace Cistern.Server.Mapping;

/// <summary>The driver's objects as permissions are asked of them.</summary>
public static class AccessTargets
{
    public static AccessTarget Pool(PoolReference pool) => new("storage_pool", new("pool_name", pool.Name), new("pool_uuid", pool.Uuid.ToString()));

    /// <summary>A volume; one that is still to be created has no key.</summary>
    public static AccessTarget Volume(PoolReference pool, VolumeReference volume)
    {
        List<KeyValuePair<string, string>> details =
            [new("pool_name", pool.Name), new("pool_uuid", pool.Uuid.ToString()), new("vol_name", volume.Name)];
        if (volume.Key.Length > 0)
        {
            details.Add(new("vol_key", volume.Key));
        }

        return new("storage_vol", details);
    }

    public static AccessTarget Secret(SecretReference secret)
    {
        List<KeyValuePair<string, string>> details = [new("secret_uuid", secret.Uuid.ToString())];
        if (UsageDetail(secret.UsageType) is { } usage)
        {
            details.Add(new(usage, secret.UsageId));
        }

        return new("secret", details);
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
