using System.Runtime.InteropServices;
using Cistern.Storage.Backends.Rbd.Native;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>Where an image has data, of itself or of the image it is a clone of, by whole objects.</summary>
internal static unsafe class DataRanges
{
    /// <summary>Ranges in order, none touching the next. Blocks.</summary>
    /// <returns>0, or a negated error number.</returns>
    public static int Find(nint image, long offset, long length, List<(long Start, long End)> ranges)
    {
        using GCHandle<List<(long Start, long End)>> handle = new(ranges);
        return RbdCalls.Differences(
            image, null, (ulong)offset, (ulong)length, includeParent: 1, wholeObjects: 1, &Add, GCHandle<List<(long Start, long End)>>.ToIntPtr(handle));
    }

    /// <summary>Whether the image differs from a snapshot. Blocks.</summary>
    /// <returns>1 or 0, or a negated error number.</returns>
    public static int Differ(nint image, string snapshot, ulong length)
    {
        // No error number.
        const int Different = -5000;
        int result = RbdCalls.Differences(image, snapshot, 0, length, includeParent: 0, wholeObjects: 1, &Stop, 0);
        return result == Different ? 1 : result;

        [UnmanagedCallersOnly]
        static int Stop(ulong offset, nuint length, int exists, nint argument) => Different;
    }

    [UnmanagedCallersOnly]
    private static int Add(ulong offset, nuint length, int exists, nint argument)
    {
        List<(long Start, long End)> ranges = GCHandle<List<(long Start, long End)>>.FromIntPtr(argument).Target;
        if (exists != 0)
        {
            long end = (long)(offset + length);
            if (ranges.Count > 0 && ranges[^1].End == (long)offset)
            {
                ranges[^1] = (ranges[^1].Start, end);
            }
            else
            {
                ranges.Add(((long)offset, end));
            }
        }

        return 0;
    }
}
