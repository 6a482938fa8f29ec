using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>
/// Calls on the space of open files: size, allocation, holes, shared extents. Results as <see cref="SystemCall"/> says; all sizes in bytes.
/// </summary>
internal static unsafe partial class FileSpaceCalls
{
    private const int KeepSize = 1;
    private const int PunchHole = 2;
    private const int SeekEnd = 2;
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const uint WaitBefore = 1;
    private const uint StartWrite = 2;
    private const uint WaitAfter = 4;
    private const nuint DiscardRange = 0x1277;
    private const nuint CloneFile = 0x40049409;
    private const nuint GetAttributes = 0x80086601;
    private const nuint SetAttributes = 0x40086602;
    private const long NoCopyOnWrite = 0x00800000;

    public static int SetLength(SafeFileHandle file, long length) => SystemCall.Result(FTruncate(file, length));

    /// <summary>Takes space for a range, extending the file where needed; the range reads as zeros where nothing was written.</summary>
    public static int Allocate(SafeFileHandle file, long offset, long length)
    {
        int result;
        do
        {
            result = SystemCall.Result(FAllocate(file, 0, offset, length));
        }
        while (result == -Errno.Interrupted);
        return result;
    }

    /// <summary>Gives a range's space back; the length stays.</summary>
    public static int Punch(SafeFileHandle file, long offset, long length) =>
        SystemCall.Result(FAllocate(file, PunchHole | KeepSize, offset, length));

    /// <summary>Length of a file, or of a device, whose status does not say it.</summary>
    public static long End(SafeFileHandle file) => SystemCall.Result(LSeek(file, 0, SeekEnd));

    /// <inheritdoc cref="End(SafeFileHandle)"/>
    public static long End(int descriptor) => SystemCall.Result(LSeek(descriptor, 0, SeekEnd));

    /// <summary>Where the next data begins; <see cref="Errno.NoSuchDevice"/> when there is none.</summary>
    public static long NextData(SafeFileHandle file, long offset) => SystemCall.Result(LSeek(file, offset, SeekData));

    /// <summary>Where the next hole begins, at the latest the end.</summary>
    public static long NextHole(SafeFileHandle file, long offset) => SystemCall.Result(LSeek(file, offset, SeekHole));

    /// <summary>Copies inside the kernel, sharing extents where the file system can; may copy less than asked.</summary>
    public static long CopyRange(SafeFileHandle from, long fromOffset, SafeFileHandle to, long toOffset, long length) =>
        SystemCall.Result((long)CopyFileRange(from, &fromOffset, to, &toOffset, (nuint)length, 0));

    /// <summary>Asks the kernel to begin writing a range to the device, so that a later synchronisation has less left to do; no promise.</summary>
    /// <param name="length">Bytes; 0: to the end.</param>
    public static void StartWriting(SafeFileHandle file, long offset, long length) => _ = SyncFileRange(file, offset, length, StartWrite);

    /// <summary>Waits until what was written to a range has gone to the device; no promise that it survives a crash.</summary>
    public static int FinishWriting(SafeFileHandle file, long offset, long length) =>
        SystemCall.Result(SyncFileRange(file, offset, length, WaitBefore | StartWrite | WaitAfter));

    /// <summary>Tells a block device that a range's content is not needed any more (BLKDISCARD).</summary>
    public static int Discard(SafeFileHandle device, long offset, long length)
    {
        ulong* range = stackalloc ulong[] { (ulong)offset, (ulong)length };
        return SystemCall.Result(IoControl(device, DiscardRange, (nint)range));
    }

    /// <summary>Makes <paramref name="to"/> share all of <paramref name="from"/>'s extents (FICLONE).</summary>
    public static int Clone(SafeFileHandle from, SafeFileHandle to)
    {
        using OpenDescriptor source = new(from);
        return SystemCall.Result(IoControl(to, CloneFile, source.Number));
    }

    /// <summary>
    /// Sets or clears "no copy on write" on an empty file or a folder; <see cref="Errno.NotTerminal"/> or <see cref="Errno.NotSupported"/> where the
    /// file system knows no such thing.
    /// </summary>
    public static int SetNoCopyOnWrite(SafeFileHandle file, bool on)
    {
        long attributes = 0;
        int result = SystemCall.Result(IoControl(file, GetAttributes, (nint)(&attributes)));
        if (result < 0)
        {
            return result;
        }

        attributes = on ? attributes | NoCopyOnWrite : attributes & ~NoCopyOnWrite;
        return SystemCall.Result(IoControl(file, SetAttributes, (nint)(&attributes)));
    }

    [LibraryImport("libc.so.6", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int FTruncate(SafeFileHandle file, long length);

    [LibraryImport("libc.so.6", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int FAllocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc.so.6", EntryPoint = "lseek", SetLastError = true)]
    private static partial long LSeek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc.so.6", EntryPoint = "lseek", SetLastError = true)]
    private static partial long LSeek(int descriptor, long offset, int whence);

    [LibraryImport("libc.so.6", EntryPoint = "copy_file_range", SetLastError = true)]
    private static partial nint CopyFileRange(SafeFileHandle from, long* fromOffset, SafeFileHandle to, long* toOffset, nuint length, uint flags);

    [LibraryImport("libc.so.6", EntryPoint = "sync_file_range", SetLastError = true)]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport("libc.so.6", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle file, nuint request, nint argument);
}
