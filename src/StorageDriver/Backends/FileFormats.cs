using System.Collections.Immutable;

namespace Cistern.Storage.Backends;

/// <summary>The volume formats of the pools whose volumes are image files.</summary>
public static class FileFormats
{
    public const string Default = "raw";

    /// <summary>In libvirt's order (virStorageFileFormat).</summary>
    public static ImmutableArray<string> All { get; } =
    [
        "none", "raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop", "cow", "qcow", "qcow2", "qed", "vmdk",
    ];
}
