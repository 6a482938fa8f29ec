using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>Calls on names and inodes. Results as <see cref="SystemCall"/> says; paths are absolute.</summary>
internal static partial class FileSystemCalls
{
    /// <summary>In place of a folder: names are absolute paths (AT_FDCWD).</summary>
    public const int CurrentDirectory = -100;

    private const int FollowLink = 0x400;
    private const int RemoveFolder = 0x200;
    private const int EffectiveUser = 0x200;
    private const uint NoReplace = 1;
    private const int ReadAccess = 4;

    /// <summary>open(2), close-on-exec; <paramref name="file"/> is null when the result is negative.</summary>
    public static int Open(string path, int flags, uint mode, out SafeFileHandle? file)
    {
        int result = Retried(() => OpenAt(CurrentDirectory, path, flags | OpenFlags.CloseOnExec, mode));
        file = result < 0 ? null : new SafeFileHandle(result, ownsHandle: true);
        return Math.Min(result, 0);
    }

    /// <inheritdoc cref="Open(string, int, uint, out SafeFileHandle?)"/>
    public static int Open(string path, int flags, out SafeFileHandle? file) => Open(path, flags, 0, out file);

    /// <summary>open(2) of a name in an open folder, close-on-exec; a descriptor that the caller closes.</summary>
    /// <param name="name">Bytes ended by a zero.</param>
    public static unsafe int Open(int folder, byte* name, int flags) =>
        SystemCall.Result(OpenAtBytes(folder, name, flags | OpenFlags.CloseOnExec, 0));

    /// <summary>Gives a file opened with <see cref="OpenFlags.Unnamed"/> its name; <see cref="Errno.Exists"/> rather than replace another.</summary>
    public static int Link(SafeFileHandle unnamed, string path)
    {
        using OpenDescriptor source = new(unnamed);
        return SystemCall.Result(LinkAt(CurrentDirectory, string.Create(null, $"/proc/self/fd/{source.Number}"), CurrentDirectory, path, FollowLink));
    }

    /// <summary>
    /// Renames without ever replacing: <see cref="Errno.Exists"/> when <paramref name="path"/> is taken. On a file system that cannot do so in one
    /// step a second link is made and the first removed; where that fails too, as on those without links, the error is the link's.
    /// </summary>
    public static int RenameNew(string from, string path)
    {
        int result = SystemCall.Result(RenameAt2(CurrentDirectory, from, CurrentDirectory, path, NoReplace));
        if (result is not (-Errno.InvalidArgument or -Errno.NotImplemented or -Errno.NotSupported))
        {
            return result;
        }

        result = SystemCall.Result(LinkAt(CurrentDirectory, from, CurrentDirectory, path, 0));
        return result < 0 ? result : Unlink(from);
    }

    /// <summary>Renames, replacing a file, or an empty folder by a folder.</summary>
    public static int Rename(string from, string path) => SystemCall.Result(RenameAt2(CurrentDirectory, from, CurrentDirectory, path, 0));

    public static int MakeFolder(string path, uint mode) => SystemCall.Result(MkdirAt(CurrentDirectory, path, mode));

    public static int Unlink(string path) => SystemCall.Result(UnlinkAt(CurrentDirectory, path, 0));

    /// <summary>Removes an empty folder.</summary>
    public static int RemoveEmptyFolder(string path) => SystemCall.Result(UnlinkAt(CurrentDirectory, path, RemoveFolder));

    /// <summary>A null owner or group stays what it is.</summary>
    public static int ChangeOwner(SafeFileHandle file, uint? owner, uint? group) =>
        SystemCall.Result(FChown(file, owner ?? uint.MaxValue, group ?? uint.MaxValue));

    public static int ChangeMode(SafeFileHandle file, uint mode) => SystemCall.Result(FChmod(file, mode));

    /// <summary>Whether the server's user may read the file, as open(2) would find.</summary>
    public static int CanRead(string path) => SystemCall.Result(FAccessAt(CurrentDirectory, path, ReadAccess, EffectiveUser));

    /// <summary>Returns when the file's data and what describes it are on stable storage (fsync); of a folder, its names.</summary>
    public static int Synchronise(SafeFileHandle file) => Retried(() => FSync(file));

    /// <summary>As <see cref="Synchronise"/> for a file's data and size alone (fdatasync).</summary>
    public static int SynchroniseData(SafeFileHandle file) => Retried(() => FDataSync(file));

    /// <summary>Makes the names in a folder durable.</summary>
    public static int SynchroniseFolder(string path)
    {
        int result = Open(path, OpenFlags.ReadOnly | OpenFlags.Directory, out SafeFileHandle? folder);
        using (folder)
        {
            return folder is null ? result : Synchronise(folder);
        }
    }

    private static int Retried(Func<int> call)
    {
        int result;
        do
        {
            result = SystemCall.Result(call());
        }
        while (result == -Errno.Interrupted);
        return result;
    }

    [LibraryImport("libc.so.6", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenAt(int folder, string path, int flags, uint mode);

    [LibraryImport("libc.so.6", EntryPoint = "openat", SetLastError = true)]
    private static unsafe partial int OpenAtBytes(int folder, byte* path, int flags, uint mode);

    [LibraryImport("libc.so.6", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkAt(int fromFolder, string from, int toFolder, string to, int flags);

    [LibraryImport("libc.so.6", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int fromFolder, string from, int toFolder, string to, uint flags);

    [LibraryImport("libc.so.6", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MkdirAt(int folder, string path, uint mode);

    [LibraryImport("libc.so.6", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnlinkAt(int folder, string path, int flags);

    [LibraryImport("libc.so.6", EntryPoint = "faccessat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FAccessAt(int folder, string path, int mode, int flags);

    [LibraryImport("libc.so.6", EntryPoint = "fchown", SetLastError = true)]
    private static partial int FChown(SafeFileHandle file, uint owner, uint group);

    [LibraryImport("libc.so.6", EntryPoint = "fchmod", SetLastError = true)]
    private static partial int FChmod(SafeFileHandle file, uint mode);

    [LibraryImport("libc.so.6", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);

    [LibraryImport("libc.so.6", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);
}
