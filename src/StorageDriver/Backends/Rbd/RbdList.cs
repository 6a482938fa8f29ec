using System.Runtime.InteropServices;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>An image as its pool's list has it.</summary>
/// <param name="Id">Empty for an image of format 1.</param>
internal readonly record struct RbdListEntry(string Id, string Name);

/// <summary>The images of a pool. Calls block.</summary>
internal static unsafe class RbdList
{
    private const int FirstRoom = 1024;
    private const int Range = 34;

    /// <summary>All images, those under construction too; not those whose names cannot be those of volumes.</summary>
    /// <exception cref="StorageException">38/18.</exception>
    public static List<RbdListEntry> Read(RadosPool pool)
    {
        pool.Keep();
        try
        {
            return ReadKept(pool);
        }
        finally
        {
            pool.DangerousRelease();
        }
    }

    private static List<RbdListEntry> ReadKept(RadosPool pool)
    {
        nuint room = FirstRoom;
        while (true)
        {
            nuint count = room;
            RbdImageName* images = (RbdImageName*)NativeMemory.AllocZeroed(count, (nuint)sizeof(RbdImageName));
            try
            {
                int result = RbdCalls.List(pool, images, ref count);
                if (result >= 0)
                {
                    return Take(images, count);
                }

                // There may be more when it is asked again.
                room = result == -Range ? Math.Max(count, room) * 2 : throw StorageErrors.System(-result, "cannot list the images of a pool");
            }
            finally
            {
                NativeMemory.Free(images);
            }
        }
    }

    private static List<RbdListEntry> Take(RbdImageName* images, nuint count)
    {
        List<RbdListEntry> entries = new((int)count);
        for (nuint i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)images[i].Name);
            if (FileNames.TryReadAny(name, out string text))
            {
                entries.Add(new RbdListEntry(Marshal.PtrToStringUTF8(images[i].Id) ?? "", text));
            }
        }

        RbdCalls.FreeList(images, count);
        return entries;
    }
}
