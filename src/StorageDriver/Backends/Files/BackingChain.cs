using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;

namespace Cistern.Storage.Backends.Files;

/// <summary>
/// The files that an image is layered on, followed as QEMU follows them, which knows neither a limit nor loops. A file that is declared raw, or
/// is of another format without backing files, ends the chain whatever it holds: a guest may have written it. Where an image does not say of what format
/// the one below it is, that one must stand alone, since QEMU would believe what a guest may have written there.
/// </summary>
internal static class BackingChain
{
    /// <summary>Images on top of each other, libvirt's limit.</summary>
    public const int MaxDepth = 200;

    private static readonly string[] Layered = ["qcow", "qcow2", "qed", "vmdk", "cow"];

    /// <summary>Checks that the image at <paramref name="path"/> can be opened with all that is below it.</summary>
    /// <param name="format">Format of that image; null: as its header says.</param>
    /// <exception cref="StorageException">38/18: a file cannot be read; 1/18: a loop, or too many; 67/18: not of the format that was declared, or of none and layered.</exception>
    public static void Check(string path, string? format)
    {
        HashSet<(ulong Device, ulong Inode)> seen = [];
        string image = path;
        for (int depth = 0; ; depth++)
        {
            if (depth > MaxDepth)
            {
                throw StorageErrors.BackingChainTooLong(path, MaxDepth);
            }

            FileStatus status = Look(image);
            if (!seen.Add((status.Device, status.Inode)))
            {
                throw StorageErrors.BackingChainLoops(path, image);
            }

            bool isStated = depth == 0 || format is not null;
            if ((format is not null && !Layered.Contains(format)) || Below(image, ref format, isStated, status) is not { } next)
            {
                return;
            }

            image = next;
        }
    }

    public static bool CanBeLayered(string format) => Layered.Contains(format);

    private static FileStatus Look(string path)
    {
        SystemCall.Check(FileSystemCalls.CanRead(path), $"inaccessible backing store volume {path}");
        SystemCall.Check(FileStatusCalls.Get(path, out FileStatus status), $"cannot stat file '{path}'");
        return status.Type is FileType.Regular or FileType.BlockDevice ? status : throw StorageErrors.BackingStoreNotAFile(path);
    }

    /// <summary>The next file; null at the end of the chain, and where only QEMU can go on.</summary>
    /// <param name="format">The declared format of this image, then of the next.</param>
    /// <param name="isStated">Whether this image may be what its own header says.</param>
    private static string? Below(string path, ref string? format, bool isStated, in FileStatus status)
    {
        int result = FileHeader.TryRead(path, status.Type == FileType.BlockDevice, out ImageHeader header, out _);
        SystemCall.Check(result, $"cannot read the header of '{path}'");
        if (format is not null && header.Format != format)
        {
            throw StorageErrors.ConfigUnsupported($"image '{path}' is of format '{header.Format}', not '{format}'");
        }

        if (!isStated && header.BackingPath is not null)
        {
            throw StorageErrors.BackingFormatNotStated(path);
        }

        format = header.BackingFormat;
        return header.BackingPath is { } backing && BackingString.IsPath(backing) ? BackingString.Resolve(backing, path) : null;
    }
}
