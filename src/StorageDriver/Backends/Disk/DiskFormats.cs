using System.Collections.Immutable;

namespace Cistern.Storage.Backends.Disk;

/// <summary>What the document of a partition may ask it to be.</summary>
public static class DiskFormats
{
    public const string None = "none";
    public const string Extended = "extended";

    public static ImmutableArray<string> All { get; } = [None, "linux", "fat16", "fat32", "linux-swap", "linux-lvm", "linux-raid", Extended];

    /// <summary>The kind of content that parted marks the partition with.</summary>
    public static string PartedName(string? format) => format switch
    {
        "fat16" or "fat32" or "linux-swap" => format,
        _ => "ext2",
    };
}
