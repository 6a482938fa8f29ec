using Cistern.Storage.Errors;

namespace Cistern.Storage.Secrets;

/// <summary>The secrets of a driver that was given none.</summary>
internal sealed class NoSecrets : ISecretValues
{
    public static NoSecrets Instance { get; } = new();

    public ValueTask<ReadOnlyMemory<byte>> GetValueAsync(
        Definitions.SecretReference secret, SecretUsageType usage, CancellationToken cancellation) =>
        ValueTask.FromException<ReadOnlyMemory<byte>>(
            secret.Uuid is { } uuid ? StorageErrors.NoSecretWithUuid(uuid) : StorageErrors.NoSecretWithUsage(secret.Usage ?? ""));

    public ValueTask<Guid?> FindAsync(SecretUsageType usage, string usageId, CancellationToken cancellation) => ValueTask.FromResult<Guid?>(null);
}
