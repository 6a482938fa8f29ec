using Cistern.Storage.Definitions;

namespace Cistern.Storage.Secrets;

/// <summary>Which secret an encrypted volume has.</summary>
internal static class VolumeSecrets
{
    /// <summary>The volume with the secret that is for its path, unless its own document named one: what libvirt falls back on after a restart.</summary>
    public static async ValueTask<VolumeDefinition> CompleteAsync(VolumeDefinition volume, ISecretValues secrets, CancellationToken cancellation) =>
        volume.Target is { Encryption: { Secrets: [] } encryption, Path: { } path }
        && await secrets.FindAsync(SecretUsageType.Volume, path, cancellation).ConfigureAwait(false) is { } uuid
            ? volume with
            {
                Target = volume.Target with
                {
                    Encryption = encryption with { Secrets = [new EncryptionSecret("passphrase", new Definitions.SecretReference(uuid, null))] },
                },
            }
            : volume;
}
