using System.Text;
using Cistern.Storage.Errors;
using Cistern.Storage.Persistence;

namespace Cistern.Storage.Secrets;

/// <summary>The secrets on disk, in libvirt's layout: <c>UUID.xml</c> and, once a value is set, <c>UUID.base64</c>, both 0600 in a folder of mode 0700.</summary>
internal sealed class SecretFiles(string folder)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes the folder and reads what is in it; what cannot be read is told to <paramref name="skipped"/> and left alone.</summary>
    public IReadOnlyList<StoredSecret> Load(Action<string, Exception> skipped)
    {
        Directory.CreateDirectory(folder, OwnerOnly);
        AtomicFile.CleanUp(folder);
        var secrets = new List<StoredSecret>();
        foreach (var path in Directory.EnumerateFiles(folder, "*.xml"))
        {
            try
            {
                secrets.Add(Read(path));
            }
            catch (Exception unreadable) when (unreadable is StorageException or IOException or UnauthorizedAccessException or FormatException)
            {
                skipped(path, unreadable);
            }
        }

        return secrets;
    }

    public void WriteDefinition(SecretDefinition secret) => Save(secret.Uuid, () => AtomicFile.Write(XmlPath(secret.Uuid), SecretXml.Format(secret)));

    public void WriteValue(Guid uuid, ReadOnlyMemory<byte> value) =>
        Save(uuid, () => AtomicFile.Write(ValuePath(uuid), Convert.ToBase64String(value.Span)));

    /// <summary>Removes both files; the value first, so that none is left without its definition.</summary>
    public void Delete(Guid uuid) => Save(uuid, () =>
    {
        AtomicFile.Delete(ValuePath(uuid));
        AtomicFile.Delete(XmlPath(uuid));
    });

    private StoredSecret Read(string path)
    {
        var definition = SecretXml.Parse(File.ReadAllText(path), validate: false);
        if (Path.GetFileNameWithoutExtension(path) != definition.Uuid.ToString())
        {
            throw StorageErrors.SecretFileMisnamed(path, definition.Uuid);
        }

        var value = ValuePath(definition.Uuid);
        return new(definition, File.Exists(value) ? Convert.FromBase64String(File.ReadAllText(value, Encoding.ASCII)) : null);
    }

    private string XmlPath(Guid uuid) => Path.Combine(folder, $"{uuid}.xml");

    private string ValuePath(Guid uuid) => Path.Combine(folder, $"{uuid}.base64");

    private static void Save(Guid uuid, Action change)
    {
        try
        {
            change();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.SecretNotSaved(uuid, failed);
        }
    }
}

/// <summary>A secret and its value; null as long as none was set.</summary>
internal sealed record StoredSecret(SecretDefinition Definition, byte[]? Value);
