using System.Globalization;
using System.Text;

namespace Cistern.Server.Hosting.Background;

/// <summary>A file with the process id of the one server that holds its lock.</summary>
internal sealed class PidFile : IDisposable
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly FileStream _file;

    private PidFile(FileStream file) => _file = file;

    /// <summary>Locks the file and writes this process into it.</summary>
    /// <exception cref="IOException">Another process holds it, and is named; or it cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public static PidFile Take(string path)
    {
        while (true)
        {
            var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite | FileShare.Delete,
                UnixCreateMode = Readable,
                BufferSize = 0,
            });
            try
            {
                Lock(file);
                if (IsStillThere(file))
                {
                    Write(file);
                    return new PidFile(file);
                }
            }
            catch
            {
                file.Dispose();
                throw;
            }

            // The one that ended removed the file between its being opened and locked.
            file.Dispose();
        }
    }

    /// <summary>Removes the file; then its lock, so that whoever takes it meanwhile finds out.</summary>
    public void Dispose()
    {
        File.Delete(_file.Name);
        _file.Dispose();
    }

    private static void Lock(FileStream file)
    {
        try
        {
            // A lock of the whole file, however long: fcntl(2)'s zero.
            file.Lock(0, 0);
        }
        catch (IOException taken)
        {
            throw new IOException($"another server runs: process {Holder(file)} holds {file.Name}", taken);
        }
    }

    private static string Holder(FileStream file)
    {
        var buffer = new byte[32];
        file.Position = 0;
        var text = Encoding.ASCII.GetString(buffer, 0, file.Read(buffer)).Trim();
        return text.Length > 0 ? text : "that is just starting";
    }

    /// <summary>Whether nobody has removed the file since it was opened.</summary>
    private static bool IsStillThere(FileStream file) =>
        new FileInfo($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}").LinkTarget?.EndsWith(" (deleted)", StringComparison.Ordinal) == false;

    private static void Write(FileStream file)
    {
        file.SetLength(0);
        file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"));
        file.Flush(flushToDisk: false);
    }
}
