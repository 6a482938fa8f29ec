using Cistern.Storage.Backends;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Secrets;

/// <summary>
/// A secret in a file of the instance's run folder that only the server's user can read, for as long as a command needs it. The journal names the
/// file, so that the next start removes what a killed server leaves.
/// </summary>
internal sealed class PrivateFile : IDisposable
{
    private readonly IDisposable _record;

    private PrivateFile(string path, IDisposable record)
    {
        Path = path;
        _record = record;
    }

    public string Path { get; }

    /// <param name="extension">Of the file's name, without a dot.</param>
    /// <exception cref="StorageException">38/18.</exception>
    public static PrivateFile Write(HostContext host, string extension, ReadOnlySpan<byte> content)
    {
        string path = System.IO.Path.Join(host.RunDirectory, $"{Guid.NewGuid():N}.{extension}");
        PrivateFile file = new(path, host.Journal.Record(path));
        try
        {
            file.Fill(content);
            return file;
        }
        catch (IOException error)
        {
            file.Dispose();

            // The framework puts errno there.
            throw StorageErrors.SecretFileNotWritten(error.HResult);
        }
    }

    public void Dispose()
    {
        File.Delete(Path);
        _record.Dispose();
    }

    private void Fill(ReadOnlySpan<byte> content)
    {
        using FileStream stream = new(Path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            BufferSize = 0,
        });
        stream.Write(content);
    }
}
