using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>Looks at what is in a pool's folder. Its calls block: for the pool's threads.</summary>
internal static class GlusterScan
{
    private const int BlockUnit = 512;
    private const long Tick = 2_000_000_000;

    /// <summary>Names and statuses of all that may be a volume.</summary>
    /// <exception cref="StorageException">38/18.</exception>
    public static List<(string Name, GlusterStatus Status)> List(GlusterVolume volume, GlusterPlace place)
    {
        List<(string, GlusterStatus)> entries = [];
        int result = GlusterCalls.OpenFolder(volume, place.Folder, out GlusterFolder? folder);
        SystemCall.Check(result, $"cannot open folder '{place.Folder}' of gluster volume '{place.Volume}'");
        using (folder)
        {
            while ((result = GlusterCalls.ReadFolder(folder!, out byte[] entry, out GlusterStatus status)) > 0)
            {
                if (FileNames.TryRead(entry, out string name))
                {
                    entries.Add((name, status));
                }
            }

            SystemCall.Check(result, $"cannot read folder '{place.Folder}' of gluster volume '{place.Volume}'");
        }

        return entries;
    }

    /// <exception cref="StorageException">38/18.</exception>
    public static PoolNumbers Numbers(GlusterVolume volume, GlusterPlace place)
    {
        int result = GlusterCalls.GetSpace(volume, place.Folder, out ulong whole, out ulong free);
        SystemCall.Check(result, $"cannot statvfs folder '{place.Folder}' of gluster volume '{place.Volume}'");
        return new PoolNumbers(whole, whole - free, free);
    }

    /// <summary>Describes the volume of a name; null when there is none.</summary>
    /// <exception cref="StorageException">38/18: the servers do not answer.</exception>
    public static ScannedVolume? Find(GlusterVolume volume, GlusterPlace place, string name, ScannedVolume? known, TimeProvider clock)
    {
        if (!FileNames.IsFileName(name))
        {
            return null;
        }

        int result = GlusterCalls.GetStatus(volume, place.PathOf(name), out GlusterStatus status);
        return IsGone(result) ? null
            : result < 0 ? throw StorageErrors.System(-result, $"cannot stat '{place.UriOf(name)}'")
            : Describe(volume, place, name, status, known, clock);
    }

    /// <summary>Describes an entry; what is known of it is looked at again only where its status is another. Null for what is no volume.</summary>
    /// <exception cref="StorageException">38/18: the servers do not answer.</exception>
    public static ScannedVolume? Describe(
        GlusterVolume volume, GlusterPlace place, string name, GlusterStatus status, ScannedVolume? known, TimeProvider clock)
    {
        if (status.Type == FileType.SymbolicLink)
        {
            return Find(volume, place, name, known, clock);
        }

        if (status.Type == FileType.Directory)
        {
            return new ScannedVolume(Definition(place, name, status) with { Kind = VolumeKind.NetDir });
        }

        if (status.Type != FileType.Regular)
        {
            return null;
        }

        FileStamp stamp = new(0, status.Inode, status.Length, status.Blocks, status.Modify, status.Change, Now(clock));
        if (known?.Stamp is { } before && before with { ProbedAtNanoseconds = stamp.ProbedAtNanoseconds } == stamp && IsSettled(before))
        {
            return known;
        }

        int result = TryRead(volume, place.PathOf(name), out ImageHeader header);
        return IsGone(result) ? null
            : result is -Errno.NotConnected or -Errno.TimedOut or -Errno.Stale ? throw StorageErrors.System(-result, $"cannot read '{place.UriOf(name)}'")
            : new ScannedVolume(WithHeader(Definition(place, name, status), header), result == 0 ? stamp : null);
    }

    private static VolumeDefinition Definition(GlusterPlace place, string name, in GlusterStatus status)
    {
        string path = place.UriOf(name);
        return new VolumeDefinition
        {
            Name = name,
            Key = path,
            Kind = VolumeKind.Network,
            Capacity = (ulong)status.Length,
            Allocation = (ulong)status.Blocks * BlockUnit,
            Physical = (ulong)status.Length,
            Target = new VolumeTarget
            {
                Path = path,
                Format = status.Type == FileType.Directory ? "dir" : FileFormats.Default,
                Permissions = new Permissions(status.Mode, status.Owner, status.Group),
                Timestamps = new Timestamps(status.Access, status.Modify, status.Change, default),
            },
        };
    }

    private static VolumeDefinition WithHeader(VolumeDefinition file, in ImageHeader header) => file with
    {
        Capacity = header.Capacity ?? file.Capacity,
        BackingStore = header.BackingPath is null ? null : new BackingStore(header.BackingPath, header.BackingFormat ?? FileFormats.Default),
        Target = file.Target with
        {
            Format = header.Format,
            Encryption = header.Encryption is null ? null : new VolumeEncryption(header.Encryption),
            Compat = header.Compat,
            Features = header.Features,
        },
    };

    private static int TryRead(GlusterVolume volume, string path, out ImageHeader header)
    {
        header = FileHeader.Raw;
        int result = GlusterCalls.Open(volume, path, OpenFlags.ReadOnly, out GlusterFile? file);
        if (file is null)
        {
            return result;
        }

        using (file)
        {
            try
            {
                header = ImageProbe.Probe(new Reader(file));
                return 0;
            }
            catch (StorageException error) when (error.Errno != 0)
            {
                return -error.Errno;
            }
        }
    }

    private static bool IsGone(int result) => result is -Errno.NoEntry or -Errno.Loop or -Errno.NotDirectory;

    /// <summary>A file that was being changed when it was looked at may have changed since within one tick of the servers' clocks.</summary>
    private static bool IsSettled(FileStamp stamp) => Nanoseconds(stamp.Change) + Tick < stamp.ProbedAtNanoseconds;

    private static long Now(TimeProvider clock) => (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;

    private static long Nanoseconds(FileTime time) => (time.Seconds * 1_000_000_000) + time.Nanoseconds;

    private sealed class Reader(GlusterFile file) : IImageReader
    {
        public int ReadAt(Span<byte> buffer, long offset) =>
            (int)SystemCall.Check(GlusterCalls.Read(file, buffer, offset), "cannot read the header of an image");
    }
}
