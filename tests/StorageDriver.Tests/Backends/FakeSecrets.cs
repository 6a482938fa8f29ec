using System.Text;
using Cistern.Storage.Errors;
using Cistern.Storage.Secrets;

namespace Cistern.Storage.Tests.Backends;

/// <summary>One volume secret.</summary>
internal sealed class FakeSecrets : ISecretValues
{
    public const string Passphrase = "open, sesame";

    public static readonly Guid Uuid = Guid.Parse("11111111-2222-3333-4444-555555555511");

    /// <summary>What the secret is for.</summary>
    public string Usage { get; set; } = "usage";

    public ValueTask<ReadOnlyMemory<byte>> GetValueAsync(
        Definitions.SecretReference secret, SecretUsageType usage, CancellationToken cancellation) =>
        (secret.Uuid == Uuid || secret.Usage == Usage) && usage == SecretUsageType.Volume
            ? ValueTask.FromResult<ReadOnlyMemory<byte>>(Encoding.UTF8.GetBytes(Passphrase))
            : throw StorageErrors.NoSecretWithUsage(secret.Usage ?? "");

    public ValueTask<Guid?> FindAsync(SecretUsageType usage, string usageId, CancellationToken cancellation) =>
        ValueTask.FromResult<Guid?>(usage == SecretUsageType.Volume && usageId == Usage ? Uuid : null);
}
