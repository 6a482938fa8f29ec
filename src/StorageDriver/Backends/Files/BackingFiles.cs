using System.Collections.Concurrent;
using Cistern.Storage.Definitions;
using Cistern.Storage.Host;
using Cistern.Storage.Images;

namespace Cistern.Storage.Backends.Files;

/// <summary>The files that a pool's images are layered on; each is looked at once in a scan, however many share it. Safe for several threads.</summary>
internal sealed class BackingFiles(TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, FileStatus?> _looks = new(StringComparer.Ordinal);

    /// <summary>Whether the description of an image that depends on this backing file still holds.</summary>
    /// <param name="stamp">The backing file's stamp when the image was probed.</param>
    public bool IsUnchanged(string path, FileStamp stamp) =>
        Look(path) is { } status ? FileStamps.IsUnchanged(stamp, status) : stamp == FileStamps.Missing;

    /// <summary>Describes what an image's header names as its backing file.</summary>
    /// <param name="image">Absolute path of the image.</param>
    /// <returns>The stamp is null for what is not a file of this host.</returns>
    public (BackingStore Store, FileStamp? Stamp) Describe(string image, string recorded, string? format)
    {
        if (!BackingString.IsPath(recorded))
        {
            return (new BackingStore(recorded, FileHeader.Raw.Format), null);
        }

        string path = BackingString.Resolve(recorded, image);
        long now = FileStamps.Now(clock);
        if (Look(path) is not { } status)
        {
            return (new BackingStore(path, format ?? FileHeader.Raw.Format), FileStamps.Missing);
        }

        BackingStore store = new(path, format ?? Probe(path, status))
        {
            Permissions = FileDescription.Permissions(status),
            Timestamps = FileDescription.Timestamps(status),
        };
        return (store, FileStamps.Take(status, now));
    }

    private static string Probe(string path, in FileStatus status) =>
        status.Type is FileType.Regular or FileType.BlockDevice
        && FileHeader.TryRead(path, status.Type == FileType.BlockDevice, out ImageHeader header, out _) == 0
            ? header.Format
            : FileHeader.Raw.Format;

    private FileStatus? Look(string path)
    {
        if (!_looks.TryGetValue(path, out FileStatus? status))
        {
            status = FileStatusCalls.Get(path, out FileStatus found) == 0 ? found : null;
            _looks[path] = status;
        }

        return status;
    }
}
