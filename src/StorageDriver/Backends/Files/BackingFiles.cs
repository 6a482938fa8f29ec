using System.Collections.Concurrent;
using Cistern.Storage.Definitions;
using Cistern.Storage.Host;
using Cistern.Storage.Images;

namespace Cistern.Storage.Backends.Files;

/// <summary>The files that a pool's images are layered on; each is looked at once in a scan, however many share it. Safe for several threads.</summary>
/// <param name="target">The pool's target path.</param>
internal sealed class BackingFiles(string target, TimeProvider clock)
{
    /// <summary>Null: there is no such file.</summary>
    private readonly ConcurrentDictionary<string, BackingFile?> _looks = new(StringComparer.Ordinal);

    /// <summary>Whether the description of an image that depends on this backing file still holds.</summary>
    /// <param name="folder">The open target folder, or <see cref="FileSystemCalls.CurrentDirectory"/>.</param>
    /// <param name="stamp">The backing file's stamp when the image was probed.</param>
    public bool IsUnchanged(int folder, string path, FileStamp stamp) =>
        Look(folder, path) is { } file ? FileStamps.IsUnchanged(stamp, file.Stamp) : stamp == FileStamps.Missing;

    /// <summary>Describes what an image's header names as its backing file.</summary>
    /// <param name="folder">As for <see cref="IsUnchanged"/>.</param>
    /// <param name="image">Absolute path of the image.</param>
    /// <returns>The stamp is null for what is not a file of this host.</returns>
    public (BackingStore Store, FileStamp? Stamp) Describe(int folder, string image, string recorded, string? format)
    {
        if (!BackingString.IsPath(recorded))
        {
            return (new BackingStore(recorded, FileHeader.Raw.Format), null);
        }

        string path = BackingString.Resolve(recorded, image);
        if (Look(folder, path) is not { } file)
        {
            return (new BackingStore(path, format ?? FileHeader.Raw.Format), FileStamps.Missing);
        }

        BackingStore store = new(path, format ?? Probe(path, file.Type)) { Permissions = file.Permissions };
        return (store, file.Stamp);
    }

    /// <summary>The path of the backing file that an image's header names, if it is an entry of the target folder; else null.</summary>
    public string? FindInFolder(string image, string recorded) =>
        BackingString.IsPath(recorded) && BackingString.Resolve(recorded, image) is var path && Name(path).Length > 0 ? path : null;

    private static string Probe(string path, FileType type) =>
        type is FileType.Regular or FileType.BlockDevice
        && FileHeader.TryRead(path, type == FileType.BlockDevice, out ImageHeader header, out _) == 0
            ? header.Format
            : FileHeader.Raw.Format;

    private BackingFile? Look(int folder, string path)
    {
        if (!_looks.TryGetValue(path, out BackingFile? file))
        {
            long now = FileStamps.Now(clock);
            file = Status(folder, path, out FileStatus status) == 0
                ? new BackingFile(status.Type, FileStamps.Take(status, now), FileDescription.Permissions(status))
                : null;
            _looks[path] = file;
        }

        return file;
    }

    /// <summary>By its name, where the kernel need not walk the whole path.</summary>
    private unsafe int Status(int folder, string path, out FileStatus status)
    {
        const int BytesOfACharacter = 3;
        ReadOnlySpan<char> name = Name(path);
        if (folder == FileSystemCalls.CurrentDirectory || name.Length is 0 or >= FileNames.MaxBytes / BytesOfACharacter)
        {
            return FileStatusCalls.Get(path, out status);
        }

        byte* bytes = stackalloc byte[FileNames.MaxBytes + 1];
        FileNames.Write(name, new Span<byte>(bytes, FileNames.MaxBytes + 1));
        return FileStatusCalls.Get(folder, bytes, out status);
    }

    /// <summary>The name in the target folder that a path means; empty where it means something else.</summary>
    private ReadOnlySpan<char> Name(string path) =>
        path.StartsWith(target, StringComparison.Ordinal) && path.AsSpan(target.Length) is ['/', .. { Length: > 0 } name] && !name.Contains('/') ? name : default;

    private sealed record BackingFile(FileType Type, FileStamp Stamp, Permissions Permissions);
}
