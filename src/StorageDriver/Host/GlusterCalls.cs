using System.Runtime.InteropServices;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Host;

/// <summary>
/// libgfapi, which reaches the files of gluster volumes without a mount. The library is loaded by the first call. Results as <see cref="SystemCall"/>
/// says. Its calls block until the volume's servers answer or are given up, which may take a minute.
/// </summary>
internal static unsafe partial class GlusterCalls
{
    public const string Library = "libgfapi.so.0";
    public const string Package = "libgfapi0";

    /// <summary>Where the next data or the next hole is looked for (lseek(2)).</summary>
    public const int NextData = 3, NextHole = 4;

    /// <exception cref="StorageException">1/18: the library is not installed.</exception>
    public static void Require()
    {
        if (!NativeLibrary.TryLoad(Library, out _))
        {
            throw StorageErrors.LibraryMissing(Library, Package);
        }
    }

    public static int AddServer(GlusterVolume volume, string host, int port) =>
        SystemCall.Result(SetVolfileServer(volume, "tcp", host, port));

    /// <summary>One that fails is tried again by the library, every few seconds.</summary>
    public static int Connect(GlusterVolume volume) => Initialise(volume) == 0 ? 0 : -Math.Max(Marshal.GetLastPInvokeError(), 1);

    /// <summary>What the library has to tell goes nowhere: its results say it.</summary>
    public static void Silence(GlusterVolume volume) => _ = SetLogging(volume, "/dev/null", 0);

    public static int Open(GlusterVolume volume, string path, int flags, out GlusterFile? file) =>
        Opened(OpenFile(volume, path, flags | OpenFlags.NoControllingTerminal), out file);

    public static int Create(GlusterVolume volume, string path, uint mode, out GlusterFile? file) =>
        Opened(CreateFile(volume, path, OpenFlags.ReadWrite | OpenFlags.Exclusive, mode), out file);

    public static int OpenFolder(GlusterVolume volume, string path, out GlusterFolder? folder)
    {
        folder = OpenDirectory(volume, path);
        int result = folder.IsInvalid ? -Marshal.GetLastPInvokeError() : 0;
        if (result == 0)
        {
            return 0;
        }

        folder.Dispose();
        folder = null;
        return result == -Errno.NotDirectory && GetStatus(volume, path, out _) is < 0 and int told ? told : result;
    }

    /// <summary>The next entry's name and status, of a link its own.</summary>
    /// <returns>1; 0 at the end.</returns>
    public static int ReadFolder(GlusterFolder folder, out byte[] name, out GlusterStatus status)
    {
        const int NameOffset = 19;
        const int EntrySize = 280;
        byte* bytes = stackalloc byte[GlusterStatus.Size];
        byte* entry = stackalloc byte[EntrySize];
        byte* found = null;
        name = [];
        status = default;
        int result = ReadDirectory(folder, bytes, entry, &found);
        if (result != 0)
        {
            return -result;
        }

        if (found is null)
        {
            return 0;
        }

        name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(found + NameOffset).ToArray();
        status = GlusterStatus.Read(bytes);
        return 1;
    }

    /// <summary>Follows links. The library has an empty answer of its own for the root of a volume that is not connected.</summary>
    public static int GetStatus(GlusterVolume volume, string path, out GlusterStatus status)
    {
        byte* bytes = stackalloc byte[GlusterStatus.Size];
        int result = SystemCall.Result(Status(volume, path, bytes));
        status = result == 0 ? GlusterStatus.Read(bytes) : default;
        return result == 0 && status.Type == 0 ? -Errno.NotConnected : result;
    }

    /// <summary>The size, in bytes, of what may have grown since.</summary>
    public static long Size(GlusterFile file)
    {
        byte* bytes = stackalloc byte[GlusterStatus.Size];
        int result = SystemCall.Result(FileStatus(file, bytes));
        return result == 0 ? GlusterStatus.Read(bytes).Length : result;
    }

    /// <summary>The whole and the free space, in bytes.</summary>
    public static int GetSpace(GlusterVolume volume, string path, out ulong whole, out ulong free)
    {
        // struct statvfs: block size, fragment size, blocks, free blocks, and more.
        ulong* numbers = stackalloc ulong[32];
        int result = SystemCall.Result(FileSystem(volume, path, numbers));
        (whole, free) = result == 0 ? (numbers[1] * numbers[2], numbers[1] * numbers[3]) : (0, 0);
        return result;
    }

    public static int Link(GlusterVolume volume, string from, string to) => SystemCall.Result(MakeLink(volume, from, to));

    public static int Unlink(GlusterVolume volume, string path) => SystemCall.Result(RemoveFile(volume, path));

    public static int MakeFolder(GlusterVolume volume, string path, uint mode) => SystemCall.Result(MakeDirectory(volume, path, mode));

    public static int RemoveFolder(GlusterVolume volume, string path) => SystemCall.Result(RemoveDirectory(volume, path));

    public static int SetFolderOwner(GlusterVolume volume, string path, uint owner, uint group) => SystemCall.Result(ChangeOwner(volume, path, owner, group));

    public static int SetFolderMode(GlusterVolume volume, string path, uint mode) => SystemCall.Result(ChangeMode(volume, path, mode));

    public static int SetOwner(GlusterFile file, uint owner, uint group) => SystemCall.Result(ChangeFileOwner(file, owner, group));

    public static int SetMode(GlusterFile file, uint mode) => SystemCall.Result(ChangeFileMode(file, mode));

    public static int SetLength(GlusterFile file, long length) => SystemCall.Result(Truncate(file, length, 0, 0));

    public static int Allocate(GlusterFile file, long offset, long length) => SystemCall.Result(AllocateSpace(file, 0, offset, (nuint)length));

    public static int Punch(GlusterFile file, long offset, long length) => SystemCall.Result(Discard(file, offset, (nuint)length));

    public static int Synchronise(GlusterFile file) => SystemCall.Result(SynchroniseFile(file, 0, 0));

    public static long Seek(GlusterFile file, long offset, int whence) => SystemCall.Result(SeekFile(file, offset, whence));

    public static long Read(GlusterFile file, Span<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            return SystemCall.Result((long)ReadFile(file, start, (nuint)buffer.Length, offset, 0, 0));
        }
    }

    public static long Write(GlusterFile file, ReadOnlySpan<byte> data, long offset)
    {
        fixed (byte* start = data)
        {
            return SystemCall.Result((long)WriteFile(file, start, (nuint)data.Length, offset, 0, 0, 0));
        }
    }

    private static int Opened(GlusterFile opened, out GlusterFile? file)
    {
        int result = opened.IsInvalid ? -Marshal.GetLastPInvokeError() : 0;
        if (result == 0)
        {
            file = opened;
            return 0;
        }

        opened.Dispose();
        file = null;
        return result;
    }

    [LibraryImport(Library, EntryPoint = "glfs_new", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial GlusterVolume New(string name);

    [LibraryImport(Library, EntryPoint = "glfs_set_volfile_server", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int SetVolfileServer(GlusterVolume volume, string transport, string host, int port);

    [LibraryImport(Library, EntryPoint = "glfs_set_logging", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetLogging(GlusterVolume volume, string file, int level);

    [LibraryImport(Library, EntryPoint = "glfs_init", SetLastError = true)]
    private static partial int Initialise(GlusterVolume volume);

    [LibraryImport(Library, EntryPoint = "glfs_open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial GlusterFile OpenFile(GlusterVolume volume, string path, int flags);

    [LibraryImport(Library, EntryPoint = "glfs_creat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial GlusterFile CreateFile(GlusterVolume volume, string path, int flags, uint mode);

    [LibraryImport(Library, EntryPoint = "glfs_close")]
    internal static partial int Close(nint file);

    [LibraryImport(Library, EntryPoint = "glfs_opendir", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial GlusterFolder OpenDirectory(GlusterVolume volume, string path);

    [LibraryImport(Library, EntryPoint = "glfs_closedir")]
    internal static partial int CloseFolder(nint folder);

    /// <summary>The result is the error number itself.</summary>
    [LibraryImport(Library, EntryPoint = "glfs_readdirplus_r")]
    private static partial int ReadDirectory(GlusterFolder folder, byte* status, byte* entry, byte** found);

    [LibraryImport(Library, EntryPoint = "glfs_stat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Status(GlusterVolume volume, string path, byte* status);

    [LibraryImport(Library, EntryPoint = "glfs_fstat", SetLastError = true)]
    private static partial int FileStatus(GlusterFile file, byte* status);

    [LibraryImport(Library, EntryPoint = "glfs_statvfs", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int FileSystem(GlusterVolume volume, string path, ulong* status);

    [LibraryImport(Library, EntryPoint = "glfs_link", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MakeLink(GlusterVolume volume, string from, string to);

    [LibraryImport(Library, EntryPoint = "glfs_unlink", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int RemoveFile(GlusterVolume volume, string path);

    [LibraryImport(Library, EntryPoint = "glfs_mkdir", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int MakeDirectory(GlusterVolume volume, string path, uint mode);

    [LibraryImport(Library, EntryPoint = "glfs_rmdir", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int RemoveDirectory(GlusterVolume volume, string path);

    [LibraryImport(Library, EntryPoint = "glfs_chown", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int ChangeOwner(GlusterVolume volume, string path, uint owner, uint group);

    [LibraryImport(Library, EntryPoint = "glfs_chmod", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int ChangeMode(GlusterVolume volume, string path, uint mode);

    [LibraryImport(Library, EntryPoint = "glfs_fchown", SetLastError = true)]
    private static partial int ChangeFileOwner(GlusterFile file, uint owner, uint group);

    [LibraryImport(Library, EntryPoint = "glfs_fchmod", SetLastError = true)]
    private static partial int ChangeFileMode(GlusterFile file, uint mode);

    [LibraryImport(Library, EntryPoint = "glfs_ftruncate", SetLastError = true)]
    private static partial int Truncate(GlusterFile file, long length, nint before, nint after);

    [LibraryImport(Library, EntryPoint = "glfs_fallocate", SetLastError = true)]
    private static partial int AllocateSpace(GlusterFile file, int keepSize, long offset, nuint length);

    [LibraryImport(Library, EntryPoint = "glfs_discard", SetLastError = true)]
    private static partial int Discard(GlusterFile file, long offset, nuint length);

    [LibraryImport(Library, EntryPoint = "glfs_fsync", SetLastError = true)]
    private static partial int SynchroniseFile(GlusterFile file, nint before, nint after);

    [LibraryImport(Library, EntryPoint = "glfs_lseek", SetLastError = true)]
    private static partial long SeekFile(GlusterFile file, long offset, int whence);

    [LibraryImport(Library, EntryPoint = "glfs_pread", SetLastError = true)]
    private static partial nint ReadFile(GlusterFile file, byte* buffer, nuint count, long offset, int flags, nint after);

    [LibraryImport(Library, EntryPoint = "glfs_pwrite", SetLastError = true)]
    private static partial nint WriteFile(GlusterFile file, byte* data, nuint count, long offset, int flags, nint before, nint after);
}
