using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Secrets;

namespace Cistern.Storage.Images;

/// <summary>The passphrase of an encrypted volume, in a private file for as long as commands need it.</summary>
internal sealed class PassphraseFile : IDisposable
{
    private readonly PrivateFile _file;

    private PassphraseFile(string id, PrivateFile file)
    {
        _file = file;
        Secret = new SecretFile(id, file.Path);
    }

    public SecretFile Secret { get; }

    /// <summary>Writes the passphrase; null for a volume that is not encrypted.</summary>
    /// <param name="id">What the command line calls it: letters, for QEMU takes no others at the beginning.</param>
    /// <exception cref="StorageException">8/18: not exactly one secret; 66/30 or 8/0: no value can be had; 38/18.</exception>
    public static async ValueTask<PassphraseFile?> WriteAsync(
        HostContext host, string id, VolumeEncryption? encryption, CancellationToken cancellation)
    {
        if (encryption is null)
        {
            return null;
        }

        if (encryption.Secrets is not [{ Reference: var reference }])
        {
            throw StorageErrors.SecretCount(encryption.Secrets.Length);
        }

        var value = await host.Secrets.GetValueAsync(reference, SecretUsageType.Volume, cancellation).ConfigureAwait(false);
        return new PassphraseFile(id, PrivateFile.Write(host, "passphrase", value.Span));
    }

    public void Dispose() => _file.Dispose();
}
