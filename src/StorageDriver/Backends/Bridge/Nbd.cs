namespace Cistern.Storage.Backends.Bridge;

/// <summary>Numbers of the NBD protocol (its doc/proto.md).</summary>
internal static class Nbd
{
    public const ulong Greeting = 0x4e42444d41474943;       // NBDMAGIC
    public const ulong OptionMagic = 0x49484156454f5054;    // IHAVEOPT
    public const ulong OptionReplyMagic = 0x0003e889045565a9;
    public const uint RequestMagic = 0x25609513;
    public const uint SimpleReplyMagic = 0x67446698;
    public const uint StructuredReplyMagic = 0x668e33ef;

    /// <summary>Flags of both sides' greeting: fixed newstyle, and no zeros after the export.</summary>
    public const ushort FixedNewstyle = 1;
    public const ushort NoZeroes = 2;

    public const ushort InfoExport = 0;
    public const ushort InfoBlockSize = 3;

    /// <summary>The only metadata context there is: which ranges are holes.</summary>
    public const string AllocationContext = "base:allocation";
    public const uint AllocationContextId = 1;
    public const uint Hole = 1 | 2;

    /// <summary>The last piece of a structured reply.</summary>
    public const ushort Done = 1;

    /// <summary>Flag of a command: its data must be on stable storage when it is answered.</summary>
    public const ushort ForceUnitAccess = 1;

    /// <summary>Bytes of data in one request that are taken.</summary>
    public const uint MaxData = 32 * 1024 * 1024;
}

/// <summary>What a client asks for before it is served.</summary>
internal enum NbdOption : uint
{
    ExportName = 1,
    Abort = 2,
    List = 3,
    Info = 6,
    Go = 7,
    StructuredReply = 8,
    ListMetaContext = 9,
    SetMetaContext = 10,
}

/// <summary>Answers to an option.</summary>
internal enum NbdOptionReply : uint
{
    Acknowledged = 1,
    Server = 2,
    Info = 3,
    MetaContext = 4,
    Unsupported = 0x80000001,
    Invalid = 0x80000003,
    UnknownExport = 0x80000006,
}

/// <summary>What a client asks for when it is served.</summary>
internal enum NbdCommand : ushort
{
    Read = 0,
    Write = 1,
    Disconnect = 2,
    Flush = 3,
    Trim = 4,
    WriteZeroes = 6,
    BlockStatus = 7,
}

/// <summary>Kinds of pieces of a structured reply.</summary>
internal enum NbdChunk : ushort
{
    None = 0,
    OffsetData = 1,
    BlockStatus = 5,
    Error = 32769,
}

/// <summary>Properties of an export.</summary>
[Flags]
internal enum NbdExportFlags : ushort
{
    HasFlags = 1,
    ReadOnly = 2,
    SendFlush = 4,
    SendForceUnitAccess = 8,
    SendTrim = 32,
    SendWriteZeroes = 64,
}

/// <summary>The volume as clients see it.</summary>
/// <param name="Length">Bytes.</param>
internal sealed record NbdExport(ulong Length, bool IsReadOnly)
{
    public NbdExportFlags Flags => NbdExportFlags.HasFlags | (IsReadOnly
        ? NbdExportFlags.ReadOnly
        : NbdExportFlags.SendFlush | NbdExportFlags.SendForceUnitAccess | NbdExportFlags.SendTrim | NbdExportFlags.SendWriteZeroes);
}

/// <summary>What a client was promised in the handshake.</summary>
internal sealed record NbdAgreement(bool StructuredReplies, bool Allocation);
