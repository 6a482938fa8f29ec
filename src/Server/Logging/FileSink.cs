using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Server.Logging;

/// <summary>Lines at the end of a file, whoever else writes there.</summary>
internal sealed partial class FileSink : ILogSink
{
    // open(2). Without waiting: a pipe that nobody reads must not stop the server.
    private const int WriteOnly = 0x1;
    private const int Create = 0x40;
    private const int Append = 0x400;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int OwnerOnly = 0x180;

    private readonly SafeFileHandle _file;

    /// <param name="path">Made for the owner alone, if it is not there.</param>
    /// <exception cref="Win32Exception">It cannot be opened.</exception>
    public FileSink(string path)
    {
        var descriptor = Open(path, WriteOnly | Create | Append | NonBlocking | CloseOnExec, OwnerOnly);
        _file = descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new Win32Exception(Marshal.GetLastPInvokeError(), $"cannot log to '{path}': {Marshal.GetLastPInvokeErrorMessage()}");
    }

    public void Write(in LogEntry entry)
    {
        try
        {
            // The offset has no meaning: the file is appended to.
            RandomAccess.Write(_file, Encoding.UTF8.GetBytes(entry.ToLine() + "\n"), fileOffset: 0);
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
        }
    }

    public void Dispose() => _file.Dispose();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);
}
