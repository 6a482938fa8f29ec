using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>statx(2). Results as <see cref="SystemCall"/> says.</summary>
internal static unsafe partial class FileStatusCalls
{
    private const int CurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const int EmptyPath = 0x1000;

    /// <summary>The basic fields and the time of birth; a file system that does not keep the latter answers without it.</summary>
    private const uint Fields = 0xFFF;

    /// <summary>Of what <paramref name="path"/> leads to.</summary>
    public static int Get(string path, out FileStatus status) =>
        SystemCall.Result(StatxPath(CurrentDirectory, path, 0, Fields, out status));

    /// <summary>Of the file or symbolic link at <paramref name="path"/> itself.</summary>
    public static int GetNoFollow(string path, out FileStatus status) =>
        SystemCall.Result(StatxPath(CurrentDirectory, path, NoFollow, Fields, out status));

    /// <summary>Of an open file.</summary>
    public static int Get(SafeFileHandle file, out FileStatus status) =>
        SystemCall.Result(StatxHandle(file, "", EmptyPath, Fields, out status));

    /// <summary>Of what a name in an open folder leads to.</summary>
    /// <param name="name">Bytes ended by a zero.</param>
    public static int Get(int folder, byte* name, out FileStatus status) =>
        SystemCall.Result(StatxBytes(folder, name, 0, Fields, out status));

    [LibraryImport("libc.so.6", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatxPath(int folder, string path, int flags, uint mask, out FileStatus status);

    [LibraryImport("libc.so.6", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatxHandle(SafeFileHandle folder, string path, int flags, uint mask, out FileStatus status);

    [LibraryImport("libc.so.6", EntryPoint = "statx", SetLastError = true)]
    private static partial int StatxBytes(int folder, byte* path, int flags, uint mask, out FileStatus status);
}
