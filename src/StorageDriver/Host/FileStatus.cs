using System.Runtime.InteropServices;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Host;

/// <summary>What statx(2) tells of a file; the kernel's layout.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal readonly struct FileStatus
{
    private const uint BirthKnown = 0x800;

    private readonly uint _mask;
    private readonly uint _blockSize;
    private readonly ulong _attributes;
    private readonly uint _links;
    private readonly uint _owner;
    private readonly uint _group;
    private readonly ushort _mode;
    private readonly ushort _spare;
    private readonly ulong _inode;
    private readonly ulong _size;
    private readonly ulong _blocks;
    private readonly ulong _attributesMask;
    private readonly KernelTime _access;
    private readonly KernelTime _birth;
    private readonly KernelTime _change;
    private readonly KernelTime _modify;
    private readonly uint _deviceTypeMajor;
    private readonly uint _deviceTypeMinor;
    private readonly uint _deviceMajor;
    private readonly uint _deviceMinor;
    private readonly ulong _mountId;

    public ulong Device => ((ulong)_deviceMajor << 32) | _deviceMinor;

    public ulong Inode => _inode;

    /// <summary>The device that a device file stands for, composed as <see cref="Device"/>; 0 for others.</summary>
    public ulong DeviceNumber => ((ulong)_deviceTypeMajor << 32) | _deviceTypeMinor;

    /// <summary>The mount through which the file was reached, as numbered in <c>/proc/self/mountinfo</c>.</summary>
    public ulong MountId => _mountId;

    /// <summary>Bytes; 0 for a device.</summary>
    public long Size => (long)_size;

    /// <summary>Taken, in units of 512 bytes.</summary>
    public long Blocks => (long)_blocks;

    /// <summary>The size of writes that the file system prefers, in bytes.</summary>
    public uint BlockSize => _blockSize;

    public uint Owner => _owner;

    public uint Group => _group;

    public FileType Type => (FileType)(_mode & 0xF000);

    public uint PermissionBits => _mode & 0x1FFu;

    public FileTime Access => _access.ToFileTime();

    public FileTime Modify => _modify.ToFileTime();

    public FileTime Change => _change.ToFileTime();

    /// <summary>0 where the file system does not keep it.</summary>
    public FileTime Birth => (_mask & BirthKnown) != 0 ? _birth.ToFileTime() : default;

    /// <summary>Whether both are of one file, by whatever names, or of one block device.</summary>
    public bool IsSameAs(in FileStatus other) =>
        Type == other.Type && (Type == FileType.BlockDevice ? DeviceNumber == other.DeviceNumber : Inode == other.Inode && Device == other.Device);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct KernelTime
    {
        private readonly long _seconds;
        private readonly uint _nanoseconds;
        private readonly int _spare;

        public FileTime ToFileTime() => new(_seconds, _nanoseconds);
    }
}

/// <summary>The type bits of a mode (inode(7)).</summary>
internal enum FileType
{
    Fifo = 0x1000,
    CharacterDevice = 0x2000,
    Directory = 0x4000,
    BlockDevice = 0x6000,
    Regular = 0x8000,
    SymbolicLink = 0xA000,
    Socket = 0xC000,
}
