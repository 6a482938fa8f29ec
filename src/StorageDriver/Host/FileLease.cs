using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>The kernel's own answer to "has anybody this file open?": it grants a write lease only on a file that nobody has (fcntl(2), F_SETLEASE).</summary>
internal static partial class FileLease
{
    private const int SetSignal = 10;
    private const int SetLease = 1024;
    private const int Write = 1;

    /// <summary>Ignored by default, unlike SIGIO, which would end the server if somebody opened the file while the lease is held.</summary>
    private const int UrgentData = 23;

    /// <summary>
    /// True: nobody has the regular file open, so that no lock and no loop device can be on it. False: somebody has, or it cannot be told, as on
    /// file systems without leases or for a file of another user.
    /// </summary>
    public static bool IsFree(string path)
    {
        if (FileSystemCalls.Open(path, OpenFlags.ReadOnly | OpenFlags.NoFollow | OpenFlags.NonBlocking, out SafeFileHandle? file) < 0)
        {
            return false;
        }

        // Closing gives the lease back.
        using (file)
        {
            return Control(file!, SetSignal, UrgentData) == 0 && Control(file!, SetLease, Write) == 0;
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command, int argument);
}
