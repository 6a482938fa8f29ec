using System.Text;
using Cistern.Storage.Errors;
using Cistern.Storage.Secrets;

namespace Cistern.Storage.Tests.Backends;

/// <summary>One secret, of a volume unless a test says otherwise.</summary>
internal sealed class FakeSecrets : ISecretValues
{
    public const string Passphrase = "open, sesame";

    public static readonly Guid Uuid = Guid.Parse("11111111-2222-3333-4444-555555555511");

    public SecretUsageType Type { get; init; } = SecretUsageType.Volume;

    /// <summary>The value.</summary>
    public string Value { get; init; } = Passphrase;

    /// <summary>What the secret is for.</summary>
    public string Usage { get; set; } = "usage";

    public ValueTask<ReadOnlyMemory<byte>> GetValueAsync(
        Definitions.SecretReference secret, SecretUsageType usage, CancellationToken cancellation) =>
        (secret.Uuid == Uuid || secret.Usage == Usage) && usage == Type
            ? ValueTask.FromResult<ReadOnlyMemory<byte>>(Encoding.UTF8.GetBytes(Value))
            : throw StorageErrors.NoSecretWithUsage(secret.Usage ?? "");

    public ValueTask<Guid?> FindAsync(SecretUsageType usage, string usageId, CancellationToken cancellation) =>
        ValueTask.FromResult<Guid?>(usage == Type && usageId == Usage ? Uuid : null);
}
