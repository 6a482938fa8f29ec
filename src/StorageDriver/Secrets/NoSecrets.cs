using Cistern.Storage.Errors;

namespace Cistern.Storage.Secrets;

/// <summary>The secrets of a driver that was given none.</summary>
internal sealed class NoSecrets : ISecretValues
{
    public static NoSecrets Instance { get; } = new();

    public ReadOnlyMemory<byte> GetValue(Definitions.SecretReference secret, SecretUsageType usage) =>
        throw (secret.Uuid is { } uuid ? StorageErrors.NoSecretWithUuid(uuid) : StorageErrors.NoSecretWithUsage(secret.Usage ?? ""));

    public Guid? Find(SecretUsageType usage, string usageId) => null;
}
