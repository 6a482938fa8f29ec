using System.Runtime.InteropServices;
using Cistern.Storage.Definitions;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>What statfs(2) tells of a mounted file system; the kernel's layout on 64-bit machines.</summary>
[StructLayout(LayoutKind.Sequential, Size = 120)]
internal readonly partial struct FileSystemStatus
{
    private readonly long _type;
    private readonly long _blockSize;
    private readonly ulong _blocks;
    private readonly ulong _free;
    private readonly ulong _available;
    private readonly ulong _files;
    private readonly ulong _filesFree;
    private readonly int _id0;
    private readonly int _id1;
    private readonly long _nameLength;
    private readonly long _fragmentSize;

    /// <summary>
    /// Whether calls on it cannot hang on another machine or on a user's process: one of the kernel's own file systems on local devices or memory.
    /// What is not known to be local is not.
    /// </summary>
    public bool IsLocal => _type is
        0xEF53 // ext2, ext3, ext4
        or 0x58465342 // xfs
        or 0x9123683E // btrfs
        or 0x01021994 // tmpfs
        or 0x858458F6 // ramfs
        or 0xF2F52010 // f2fs
        or 0x2FC12FC1 // zfs
        or 0xCA451A4E // bcachefs
        or 0x794C7630; // overlayfs

    /// <summary>Whether no two files on it ever share blocks, so that a copy inside the kernel takes space of its own.</summary>
    public bool NeverSharesBlocks => _type is 0xEF53 or 0x01021994 or 0x858458F6;

    /// <summary>Bytes of one block, the unit in which space is taken.</summary>
    public long BlockSize => _fragmentSize != 0 ? _fragmentSize : _blockSize;

    /// <summary>Size as statvfs(3) counts it: what root may still take is available.</summary>
    public PoolNumbers Numbers
    {
        get
        {
            ulong unit = (ulong)BlockSize;
            ulong capacity = unit * _blocks;
            ulong available = unit * _free;
            return new PoolNumbers(capacity, capacity - available, available);
        }
    }

    /// <summary>Of the file system that an open file lies on. Result as <see cref="SystemCall"/> says.</summary>
    public static int Get(SafeFileHandle file, out FileSystemStatus status) => SystemCall.Result(FStatFs(file, out status));

    /// <summary>Of the file system that <paramref name="path"/> lies on. Result as <see cref="SystemCall"/> says.</summary>
    public static int Get(string path, out FileSystemStatus status) => SystemCall.Result(StatFs(path, out status));

    [LibraryImport("libc.so.6", EntryPoint = "fstatfs", SetLastError = true)]
    private static partial int FStatFs(SafeFileHandle file, out FileSystemStatus status);

    [LibraryImport("libc.so.6", EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatFs(string path, out FileSystemStatus status);
}
