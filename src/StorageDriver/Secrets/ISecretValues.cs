using Cistern.Storage.Errors;

namespace Cistern.Storage.Secrets;

/// <summary>What the driver itself may know of secrets: their values, those of private ones too. Nothing of it may reach a client.</summary>
public interface ISecretValues
{
    /// <summary>The value of the secret that a document names.</summary>
    /// <exception cref="StorageException">66/30: there is no such secret, or it has no value; 8/0: it is for another use.</exception>
    ValueTask<ReadOnlyMemory<byte>> GetValueAsync(Definitions.SecretReference secret, SecretUsageType usage, CancellationToken cancellation);

    /// <summary>The secret for a use; null when there is none.</summary>
    ValueTask<Guid?> FindAsync(SecretUsageType usage, string usageId, CancellationToken cancellation);
}
