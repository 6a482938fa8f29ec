using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>Reading and writing at an offset. Results as <see cref="SystemCall"/> says: bytes, which may be fewer than asked for.</summary>
internal static unsafe partial class FileDataCalls
{
    private const int RandomAccess = 1;

    public static int Read(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            return (int)SystemCall.Result((long)ReadAt(file, start, (nuint)buffer.Length, offset));
        }
    }

    public static int Read(int descriptor, Span<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            return (int)SystemCall.Result((long)ReadAt(descriptor, start, (nuint)buffer.Length, offset));
        }
    }

    public static int Write(SafeFileHandle file, ReadOnlySpan<byte> data, long offset)
    {
        fixed (byte* start = data)
        {
            return (int)SystemCall.Result((long)WriteAt(file, start, (nuint)data.Length, offset));
        }
    }

    /// <summary>Tells the kernel not to read ahead.</summary>
    public static void ExpectRandomAccess(int descriptor) => _ = Advise(descriptor, 0, 0, RandomAccess);

    public static void Close(int descriptor) => _ = CloseDescriptor(descriptor);

    [LibraryImport("libc.so.6", EntryPoint = "pread", SetLastError = true)]
    private static partial nint ReadAt(SafeFileHandle file, byte* buffer, nuint size, long offset);

    [LibraryImport("libc.so.6", EntryPoint = "pread", SetLastError = true)]
    private static partial nint ReadAt(int descriptor, byte* buffer, nuint size, long offset);

    [LibraryImport("libc.so.6", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint WriteAt(SafeFileHandle file, byte* data, nuint size, long offset);

    [LibraryImport("libc.so.6", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int descriptor, long offset, long length, int advice);

    [LibraryImport("libc.so.6", EntryPoint = "close")]
    private static partial int CloseDescriptor(int descriptor);
}
