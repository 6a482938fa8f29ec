using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>Where files have blocks (FS_IOC_FIEMAP). Results as <see cref="SystemCall"/> says.</summary>
internal static unsafe partial class FileMapCalls
{
    private const nuint GetMap = 0xC020660B;
    private const uint SynchroniseFirst = 1;
    private const uint Last = 1;

    /// <summary>Extents of one call: 4 KiB of them on the stack.</summary>
    private const int MaxExtents = 72;

    /// <summary>
    /// The next ranges that have blocks, written or not, within the file's length or beyond it, in order and apart from each other; also those
    /// that share their blocks with other files.
    /// </summary>
    /// <param name="synchronise">Have space that is only promised allocated before.</param>
    /// <param name="last">There are no others.</param>
    /// <returns>How many, or the negated error number: <see cref="Errno.NotSupported"/> where the file system cannot tell.</returns>
    public static int Get(SafeFileHandle file, long start, bool synchronise, Span<FileRange> ranges, out bool last)
    {
        byte* buffer = stackalloc byte[sizeof(Request) + (MaxExtents * sizeof(Extent))];
        Request* request = (Request*)buffer;
        *request = new Request
        {
            Start = (ulong)start,
            Length = ulong.MaxValue - (ulong)start,
            Flags = synchronise ? SynchroniseFirst : 0,
            Capacity = (uint)Math.Min(MaxExtents, ranges.Length),
        };
        last = false;
        int result = SystemCall.Result(IoControl(file, GetMap, request));
        if (result < 0)
        {
            return result;
        }

        ReadOnlySpan<Extent> extents = new(buffer + sizeof(Request), (int)request->Count);
        last = extents.IsEmpty || (extents[^1].Flags & Last) != 0;
        return Merge(extents, start, ranges);
    }

    private static int Merge(ReadOnlySpan<Extent> extents, long start, Span<FileRange> ranges)
    {
        int count = 0;
        foreach (Extent extent in extents)
        {
            long from = Math.Max(start, (long)extent.Logical);
            long end = (long)(extent.Logical + extent.Length);
            if (count > 0 && ranges[count - 1].End == from)
            {
                ranges[count - 1] = ranges[count - 1] with { End = end };
            }
            else if (end > from)
            {
                ranges[count++] = new FileRange(from, end);
            }
        }

        return count;
    }

    [LibraryImport("libc.so.6", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle file, nuint request, Request* argument);

    /// <summary>struct fiemap.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Request
    {
        public ulong Start;
        public ulong Length;
        public uint Flags;
        public uint Count;
        public uint Capacity;
        public uint Spare;
    }

    /// <summary>struct fiemap_extent.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 56)]
    private struct Extent
    {
        [FieldOffset(0)]
        public ulong Logical;

        [FieldOffset(16)]
        public ulong Length;

        [FieldOffset(40)]
        public uint Flags;
    }
}
