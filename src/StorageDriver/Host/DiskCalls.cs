using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>Calls on open disks (BLKSSZGET, BLKRRPART).</summary>
internal static unsafe partial class DiskCalls
{
    private const nuint GetSectorSize = 0x1268;
    private const nuint ReadPartitionTable = 0x125F;

    private const int UsualSectorSize = 512;

    /// <summary>Bytes of a logical sector.</summary>
    public static long SectorSize(SafeFileHandle disk)
    {
        int size = 0;
        return IoControl(disk, GetSectorSize, (nint)(&size)) == 0 && size >= UsualSectorSize ? size : UsualSectorSize;
    }

    /// <summary>Has the kernel read a disk's label anew; one whose partitions are in use keeps those it has.</summary>
    public static void ReadPartitions(string path)
    {
        if (FileSystemCalls.Open(path, OpenFlags.ReadOnly | OpenFlags.NonBlocking, out SafeFileHandle? disk) == 0)
        {
            using (disk)
            {
                _ = IoControl(disk!, ReadPartitionTable, 0);
            }
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle file, nuint request, nint argument);
}
