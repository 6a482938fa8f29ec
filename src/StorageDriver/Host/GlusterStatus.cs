using System.Runtime.InteropServices;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Host;

/// <summary>What gluster's library tells of a file: <c>struct stat</c>, in the layouts of x86_64 and aarch64.</summary>
internal readonly record struct GlusterStatus(
    ulong Inode, FileType Type, uint Mode, uint Owner, uint Group, long Length, long Blocks, FileTime Access, FileTime Modify, FileTime Change)
{
    /// <summary>Bytes, of the larger layout.</summary>
    public const int Size = 144;

    private const uint TypeMask = 0xF000;
    private const uint PermissionMask = 0x1FF;

    public static unsafe GlusterStatus Read(byte* bytes)
    {
        bool isGeneric = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        uint mode = *(uint*)(bytes + (isGeneric ? 16 : 24));
        uint* owner = (uint*)(bytes + (isGeneric ? 24 : 28));
        return new GlusterStatus(
            *(ulong*)(bytes + 8),
            (FileType)(mode & TypeMask),
            mode & PermissionMask,
            owner[0],
            owner[1],
            *(long*)(bytes + 48),
            *(long*)(bytes + 64),
            Time(bytes + 72),
            Time(bytes + 88),
            Time(bytes + 104));
    }

    private static unsafe FileTime Time(byte* at) => new(*(long*)at, (uint)*(long*)(at + 8));
}
