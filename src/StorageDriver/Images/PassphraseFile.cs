using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Secrets;

namespace Cistern.Storage.Images;

/// <summary>
/// The passphrase of an encrypted volume, in a file of the instance's run folder that only the server's user can read, for as long as commands
/// need it. The journal names the file, so that the next start removes what a killed server leaves.
/// </summary>
internal sealed class PassphraseFile : IDisposable
{
    private readonly IDisposable _record;

    private PassphraseFile(string id, string path, IDisposable record)
    {
        Secret = new SecretFile(id, path);
        _record = record;
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
        string path = Path.Join(host.RunDirectory, $"{Guid.NewGuid():N}.passphrase");
        PassphraseFile file = new(id, path, host.Journal.Record(path));
        try
        {
            file.Fill(value.Span);
            return file;
        }
        catch (IOException error)
        {
            file.Dispose();

            // The framework puts errno there.
            throw StorageErrors.PassphraseNotWritten(error.HResult);
        }
    }

    public void Dispose()
    {
        File.Delete(Secret.Path);
        _record.Dispose();
    }

    private void Fill(ReadOnlySpan<byte> value)
    {
        using FileStream stream = new(Secret.Path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        });
        stream.Write(value);
    }
}
