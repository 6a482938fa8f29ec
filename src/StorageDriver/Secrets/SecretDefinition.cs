namespace Cistern.Storage.Secrets;

/// <summary>What a secret is for; the numbers of <c>virSecretUsageType</c>.</summary>
public enum SecretUsageType
{
    None = 0,
    Volume = 1,
    Ceph = 2,
    Iscsi = 3,
    Tls = 4,
    VTpm = 5,
}

/// <summary>A secret without its value.</summary>
/// <param name="UsageId">Names, with the type, what it is for; empty when it has no usage.</param>
/// <param name="IsEphemeral">It is kept in memory only.</param>
/// <param name="IsPrivate">No client is ever told its value.</param>
public sealed record SecretDefinition(Guid Uuid, SecretUsageType UsageType, string UsageId, bool IsEphemeral, bool IsPrivate, string? Description)
{
    public SecretReference Reference => new(Uuid, UsageType, UsageId);
}

/// <summary>A secret as clients name it. Secrets are found by <paramref name="Uuid"/>.</summary>
public readonly record struct SecretReference(Guid Uuid, SecretUsageType UsageType, string UsageId);
