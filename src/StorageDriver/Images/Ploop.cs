using System.Globalization;
using Cistern.Storage.Commands;

namespace Cistern.Storage.Images;

/// <summary>Command lines of <c>ploop</c>, the tool of Virtuozzo's images (its man page). A volume is a folder with the image and its descriptor.</summary>
public static class Ploop
{
    public const string Tool = "ploop";

    /// <summary>The image within a volume's folder.</summary>
    public const string Image = "root.hds";

    /// <summary>What says how the image and its snapshots belong together.</summary>
    public const string Descriptor = "DiskDescriptor.xml";

    private const ulong MiB = 1024 * 1024;

    /// <summary>Makes an image, with an empty file system in it, and its descriptor in an empty folder.</summary>
    /// <param name="capacity">Bytes, rounded up to whole MiB.</param>
    public static Command Create(string folder, ulong capacity) => new(Tool, ["init", "-s", Size(capacity), "-t", "ext4", $"{folder}/{Image}"]);

    /// <inheritdoc cref="Create"/>
    public static Command Resize(string folder, ulong capacity) => new(Tool, ["resize", "-s", Size(capacity), $"{folder}/{Descriptor}"]);

    private static string Size(ulong bytes) => string.Create(CultureInfo.InvariantCulture, $"{(bytes / MiB) + (bytes % MiB == 0 ? 0u : 1u)}M");
}
