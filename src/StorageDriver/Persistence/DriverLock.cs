using System.Globalization;
using System.Text;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Persistence;

/// <summary>
/// The lock on a run folder: <c>driver.pid</c>, locked as libvirt locks it (a record lock on its first byte), so that neither another server of
/// ours nor a libvirtd works on the same folder.
/// </summary>
internal sealed class DriverLock : IDisposable
{
    private readonly FileStream _file;

    private DriverLock(FileStream file) => _file = file;

    /// <exception cref="StorageException">1/18: another process holds it.</exception>
    public static DriverLock Take(string runDirectory)
    {
        var path = Path.Combine(runDirectory, "driver.pid");
        FileStream? file = null;
        try
        {
            // FileShare.None is a lock of the open file: record locks do not keep out a second driver of the same process.
            file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            file.Lock(0, 1);
            file.SetLength(0);
            file.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n")));
            return new DriverLock(file);
        }
        catch (IOException error)
        {
            file?.Dispose();
            throw StorageErrors.RunDirectoryLocked(path, error);
        }
    }

    public void Dispose() => _file.Dispose();
}
