using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>Reading and writing at an offset. Results as <see cref="SystemCall"/> says: bytes, which may be fewer than asked for.</summary>
internal static unsafe partial class FileDataCalls
{
    private const int RandomAccess = 1;
    private const int WillNeed = 3;
    private const int NoWait = 8; // RWF_NOWAIT
    private const uint SpliceMove = 1;
    private const uint SpliceNonBlock = 2;

    /// <summary>Pieces written by one call; the kernel takes up to 1024.</summary>
    private const int MaxVectors = 64;

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

    /// <summary>Reads what the kernel has in memory: "try again" where it has not. "Not supported" by some file systems.</summary>
    public static int ReadCached(int descriptor, Span<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            IoVector vector = new() { Start = start, Length = (nuint)buffer.Length };
            return (int)SystemCall.Result((long)ReadVectorsAt(descriptor, &vector, 1, offset, NoWait));
        }
    }

    public static int Write(SafeFileHandle file, ReadOnlySpan<byte> data, long offset)
    {
        fixed (byte* start = data)
        {
            return (int)SystemCall.Result((long)WriteAt(file, start, (nuint)data.Length, offset));
        }
    }

    /// <summary>Writes the pieces one after the other, as many as go into one call.</summary>
    public static long Write(SafeFileHandle file, in ReadOnlySequence<byte> data, long offset)
    {
        if (data.IsSingleSegment)
        {
            return Write(file, data.FirstSpan, offset);
        }

        IoVector* vectors = stackalloc IoVector[MaxVectors];
        MemoryHandle[] pins = new MemoryHandle[MaxVectors];
        int count = 0;
        try
        {
            for (ReadOnlySequence<byte>.Enumerator pieces = data.GetEnumerator(); count < MaxVectors && pieces.MoveNext(); count++)
            {
                pins[count] = pieces.Current.Pin();
                vectors[count] = new IoVector { Start = pins[count].Pointer, Length = (nuint)pieces.Current.Length };
            }

            return SystemCall.Result((long)WriteVectorsAt(file, vectors, count, offset));
        }
        finally
        {
            foreach (MemoryHandle pin in pins.AsSpan(0, count))
            {
                pin.Dispose();
            }
        }
    }

    /// <summary>Moves data into a pipe, as references to the kernel's pages; does not wait for room (splice).</summary>
    public static long Move(SafeFileHandle file, long offset, SafeHandle pipe, int size) =>
        SystemCall.Result((long)Splice(file, &offset, pipe, null, (nuint)size, SpliceMove | SpliceNonBlock));

    /// <summary>Tells the kernel not to read ahead.</summary>
    public static void ExpectRandomAccess(int descriptor) => _ = Advise(descriptor, 0, 0, RandomAccess);

    /// <summary>Has the kernel begin to read.</summary>
    public static void StartReading(int descriptor, long offset, long length) => _ = Advise(descriptor, offset, length, WillNeed);

    public static void Close(int descriptor) => _ = CloseDescriptor(descriptor);

    [LibraryImport("libc.so.6", EntryPoint = "pread", SetLastError = true)]
    private static partial nint ReadAt(SafeFileHandle file, byte* buffer, nuint size, long offset);

    [LibraryImport("libc.so.6", EntryPoint = "pread", SetLastError = true)]
    private static partial nint ReadAt(int descriptor, byte* buffer, nuint size, long offset);

    [LibraryImport("libc.so.6", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint WriteAt(SafeFileHandle file, byte* data, nuint size, long offset);

    [StructLayout(LayoutKind.Sequential)]
    private struct IoVector
    {
        public void* Start;
        public nuint Length;
    }

    [LibraryImport("libc.so.6", EntryPoint = "pwritev", SetLastError = true)]
    private static partial nint WriteVectorsAt(SafeFileHandle file, IoVector* vectors, int count, long offset);

    [LibraryImport("libc.so.6", EntryPoint = "preadv2", SetLastError = true)]
    private static partial nint ReadVectorsAt(int descriptor, IoVector* vectors, int count, long offset, int flags);

    [LibraryImport("libc.so.6", EntryPoint = "splice", SetLastError = true)]
    private static partial nint Splice(SafeFileHandle from, long* fromOffset, SafeHandle to, long* toOffset, nuint size, uint flags);

    [LibraryImport("libc.so.6", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int descriptor, long offset, long length, int advice);

    [LibraryImport("libc.so.6", EntryPoint = "close")]
    private static partial int CloseDescriptor(int descriptor);
}
