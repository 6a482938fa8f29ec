using System.Runtime.InteropServices;
using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>A snapshot of an image.</summary>
/// <param name="Size">Bytes of the image when it was taken.</param>
internal readonly record struct RbdSnapshotEntry(string Name, ulong Size);

/// <summary>The snapshots of an open image. Calls block.</summary>
internal static unsafe class RbdSnapshots
{
    private const int FirstRoom = 128;
    private const int Range = 34;

    /// <exception cref="StorageException">38/18.</exception>
    public static List<RbdSnapshotEntry> List(nint image, string path)
    {
        int room = FirstRoom;
        while (true)
        {
            int count = room;
            RbdSnapshot* snapshots = (RbdSnapshot*)NativeMemory.AllocZeroed((nuint)room + 1, (nuint)sizeof(RbdSnapshot));
            try
            {
                int result = RbdCalls.ListSnapshots(image, snapshots, ref count);
                if (result >= 0)
                {
                    return Take(snapshots, result);
                }

                room = result == -Range ? Math.Max(count, room) * 2 : throw Failed(result, "list the snapshots of", path);
            }
            finally
            {
                NativeMemory.Free(snapshots);
            }
        }
    }

    /// <summary>Removes all of them, those that were protected too.</summary>
    /// <exception cref="StorageException">38/18: clones stand on one, or it fails.</exception>
    public static void RemoveAll(nint image, string path)
    {
        foreach ((string name, _) in List(image, path))
        {
            Check(RbdCalls.IsProtected(image, name, out int isProtected), "look at a snapshot of", path, name);
            if (isProtected != 0)
            {
                Check(RbdCalls.Unprotect(image, name), "unprotect a snapshot of", path, name);
            }

            Check(RbdCalls.RemoveSnapshot(image, name), "remove a snapshot of", path, name);
        }
    }

    /// <exception cref="StorageException">38/18.</exception>
    public static void Check(int result, string what, string path, string? snapshot = null)
    {
        if (result < 0)
        {
            throw Failed(result, what, snapshot is null ? path : $"{path}@{snapshot}");
        }
    }

    private static List<RbdSnapshotEntry> Take(RbdSnapshot* snapshots, int count)
    {
        List<RbdSnapshotEntry> entries = [];
        for (int i = 0; i < count; i++)
        {
            entries.Add(new RbdSnapshotEntry(Marshal.PtrToStringUTF8(snapshots[i].Name) ?? "", snapshots[i].Size));
        }

        if (count > 0)
        {
            RbdCalls.FreeSnapshots(snapshots);
        }

        return entries;
    }

    private static StorageException Failed(int result, string what, string path) => StorageErrors.System(-result, $"cannot {what} image '{path}'");
}
