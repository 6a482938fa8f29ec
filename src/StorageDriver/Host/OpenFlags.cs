using System.Runtime.InteropServices;

namespace Cistern.Storage.Host;

/// <summary>Flags of open(2). Two of them differ between x86_64 and the generic numbering of aarch64.</summary>
internal static class OpenFlags
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int NoControllingTerminal = 0x100;
    public const int NonBlocking = 0x800;
    public const int CloseOnExec = 0x80000;

    /// <summary>To look at a file and name it only: neither permission nor device is asked for (O_PATH).</summary>
    public const int NameOnly = 0x200000;

    /// <summary>Reading does not count as access; only for the file's owner and root.</summary>
    public const int NoAccessTime = 0x40000;

    private static readonly bool Generic = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public static readonly int Directory = Generic ? 0x4000 : 0x10000;
    public static readonly int NoFollow = Generic ? 0x8000 : 0x20000;

    /// <summary>A file without a name, in the folder given (O_TMPFILE).</summary>
    public static readonly int Unnamed = 0x400000 | Directory;
}
