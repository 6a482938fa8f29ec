namespace Cistern.Storage.Host;

/// <summary>The bits of inotify(7) that are used here.</summary>
[Flags]
internal enum FolderEvents : uint
{
    None = 0,
    Attributes = 0x4,
    CloseWrite = 0x8,
    MovedFrom = 0x40,
    MovedTo = 0x80,
    Created = 0x100,
    Deleted = 0x200,
    DeletedSelf = 0x400,
    MovedSelf = 0x800,
    Unmounted = 0x2000,
    Overflow = 0x4000,

    /// <summary>The watch has ended.</summary>
    Ignored = 0x8000,

    /// <summary>Asks for a watch of a folder and nothing else.</summary>
    OnlyFolder = 0x1000000,
}
