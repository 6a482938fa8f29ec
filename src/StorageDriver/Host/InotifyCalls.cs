using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>inotify(7). Results as <see cref="SystemCall"/> says.</summary>
internal static unsafe partial class InotifyCalls
{
    private const int CloseOnExec = 0x80000;

    public static int Open(out SafeFileHandle? instance)
    {
        int result = SystemCall.Result(Init(CloseOnExec));
        instance = result < 0 ? null : new SafeFileHandle(result, ownsHandle: true);
        return Math.Min(result, 0);
    }

    /// <summary>The watch's number, the same for every watch of one folder.</summary>
    public static int Add(SafeFileHandle instance, string path, FolderEvents events) => SystemCall.Result(AddWatch(instance, path, (uint)events));

    public static int Remove(SafeFileHandle instance, int watch) => SystemCall.Result(RemoveWatch(instance, watch));

    /// <summary>Blocks until there are events; bytes of whole records.</summary>
    public static long Read(SafeFileHandle instance, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            return SystemCall.Result((long)ReadBytes(instance, start, (nuint)buffer.Length));
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial int Init(int flags);

    [LibraryImport("libc.so.6", EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddWatch(SafeFileHandle instance, string path, uint events);

    [LibraryImport("libc.so.6", EntryPoint = "inotify_rm_watch", SetLastError = true)]
    private static partial int RemoveWatch(SafeFileHandle instance, int watch);

    [LibraryImport("libc.so.6", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadBytes(SafeFileHandle instance, byte* buffer, nuint size);
}
