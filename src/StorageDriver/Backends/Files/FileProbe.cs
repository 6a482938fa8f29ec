using Cistern.Storage.Definitions;
using Cistern.Storage.Host;
using Cistern.Storage.Images;

namespace Cistern.Storage.Backends.Files;

/// <summary>What the probes of one scan share.</summary>
/// <param name="Folder">The pool's target path.</param>
/// <param name="Device">Where a file without blocks is known to hold zeros only: the target's file system if it is local, else 0.</param>
internal sealed record ProbeSettings(string Folder, ulong Device, TimeProvider Clock)
{
    public BackingFiles Backings { get; } = new(Folder, Clock);

    /// <summary>Whether to wait for what the kernel has not in memory; else <see cref="FileProbe.Unread"/> tells that it is being read.</summary>
    public bool Waits { get; init; } = true;

    /// <summary>Whether backing files in the pool's own folder are left open until all of it is known: see <see cref="FileProbe.WithBacking"/>.</summary>
    public bool LeavesBackings { get; init; }

    /// <summary>Whether the labels of files are looked at.</summary>
    public bool ReadsLabels { get; init; } = SecurityLabels.AreUsed;
}

/// <summary>Describes the entries of a pool's folder, one at a time. Safe for several threads.</summary>
internal static unsafe class FileProbe
{
    /// <summary>Stands for an entry that has to be looked at again.</summary>
    public static ScannedVolume Unread { get; } = new(new VolumeDefinition { Name = "" });

    /// <summary>
    /// Looks at an entry: what is known of it, with times of access renewed, when its status is what it was, else what a probe finds. A description
    /// also depends on the backing file: see <see cref="IsBackingUnchanged"/>.
    /// </summary>
    /// <param name="entry">The entry's bytes ended by a zero, relative to <paramref name="folder"/>.</param>
    /// <param name="known">What was known, shown also when it cannot be looked at.</param>
    /// <returns>Null for what is no volume: a pipe, a socket, a character device, a link that leads nowhere.</returns>
    public static ScannedVolume? Look(ProbeSettings settings, int folder, byte* entry, string name, ScannedVolume? known)
    {
        long now = FileStamps.Now(settings.Clock);
        int result = FileStatusCalls.Get(folder, entry, out FileStatus status);
        return result == 0 && known?.Stamp is { } stamp && FileStamps.IsUnchanged(stamp, status)
            ? WithAccessTime(known, status.Access)
            : Describe(settings, folder, entry, name, known, result, status, now);
    }

    /// <summary>Whether the backing file that a known volume's description depends on is what it was; looks at it.</summary>
    public static bool IsBackingUnchanged(ProbeSettings settings, int folder, ScannedVolume known) =>
        known.Stamp?.Backing is not { } backing || settings.Backings.IsUnchanged(folder, known.Definition.BackingStore!.Path, backing);

    /// <summary>As <see cref="Look"/>, whatever is known.</summary>
    public static ScannedVolume? Describe(ProbeSettings settings, int folder, byte* entry, string name, ScannedVolume? known)
    {
        long now = FileStamps.Now(settings.Clock);
        int result = FileStatusCalls.Get(folder, entry, out FileStatus status);
        return Describe(settings, folder, entry, name, known, result, status, now);
    }

    /// <summary>Whether an image was described without its backing file.</summary>
    public static bool LacksBacking(ScannedVolume image) => ReferenceEquals(image.Stamp?.Backing, FileStamps.Pending);

    /// <summary>An image that <see cref="LacksBacking"/> with its backing file.</summary>
    /// <param name="backing">What that file is as a volume of the same folder; null when it is none.</param>
    /// <param name="before">What was known of the image.</param>
    public static ScannedVolume WithBacking(ProbeSettings settings, int folder, ScannedVolume image, ScannedVolume? backing, VolumeDefinition? before)
    {
        BackingStore store = image.Definition.BackingStore!;
        FileStamp? stamp;
        if (backing is { Definition.Kind: VolumeKind.File, Stamp: { } known })
        {
            VolumeTarget target = backing.Definition.Target;
            Permissions permissions = target.Permissions!;
            permissions = permissions.Label is null ? permissions : permissions with { Label = null };
            (store, stamp) = (new BackingStore(store.Path, store.Format ?? target.Format) { Permissions = permissions }, known);
        }
        else
        {
            (store, stamp) = settings.Backings.Describe(folder, image.Definition.Target.Path!, store.Path, store.Format);
        }

        VolumeDefinition definition = image.Definition with { BackingStore = store };
        return new ScannedVolume(definition == before ? before : definition, image.Stamp! with { Backing = stamp });
    }

    /// <param name="result">Of the call that gave the status.</param>
    /// <param name="now">When that was; see <see cref="FileStamps.Now"/>.</param>
    private static ScannedVolume? Describe(
        ProbeSettings settings, int folder, byte* entry, string name, ScannedVolume? known, int result, in FileStatus status, long now)
    {
        string path = known?.Definition.Target.Path ?? $"{settings.Folder}/{name}";
        name = known?.Definition.Name ?? name;
        if (result < 0)
        {
            return IsGone(result) ? null : new ScannedVolume(FileDescription.Unknown(name, path, known?.Definition));
        }

        ScannedVolume? found = status.Type switch
        {
            FileType.Regular or FileType.BlockDevice => DescribeFile(settings, folder, entry, name, path, status, now, known?.Stamp is null ? null : known.Definition),
            FileType.Directory => DescribeFolder(name, path, status, now),
            _ => null,
        };
        if (found is null || ReferenceEquals(found, Unread))
        {
            return found;
        }

        found = known is null ? found : WithKnownEncryption(found, known);
        return settings.ReadsLabels ? WithLabel(found, path) : found;
    }

    private static ScannedVolume? DescribeFile(
        ProbeSettings settings, int folder, byte* entry, string name, string path, in FileStatus status, long now, VolumeDefinition? before)
    {
        FileStamp? stamp = status.Type == FileType.Regular ? FileStamps.Take(status, now) : null;
        ImageHeader header = FileHeader.Raw;
        long deviceEnd = 0;
        if (stamp is null || !HoldsZerosOnly(settings, status))
        {
            int result = FileHeader.TryRead(folder, entry, stamp is null, out header, out deviceEnd, settings.Waits || stamp is null);
            if (IsGone(result))
            {
                return null;
            }

            if (result == -Errno.TryAgain && !settings.Waits)
            {
                return Unread;
            }

            stamp = result < 0 ? null : stamp;
        }

        // What is kept for long is not made anew: the collector would have to move it.
        if (stamp is not null && before is not null && FileDescription.IsAsBefore(before, status, header))
        {
            return new ScannedVolume(before, stamp);
        }

        Timestamps? times = stamp is null ? FileDescription.Timestamps(status) : null;
        VolumeDefinition definition = FileDescription.File(name, path, status, header, deviceEnd, times);
        if (header.BackingPath is not null)
        {
            if (settings.LeavesBackings && stamp is not null && settings.Backings.FindInFolder(path, header.BackingPath) is { } sibling)
            {
                definition = definition with { BackingStore = new BackingStore(sibling, header.BackingFormat) };
                return new ScannedVolume(definition, stamp with { Backing = FileStamps.Pending });
            }

            (BackingStore store, FileStamp? backing) = settings.Backings.Describe(folder, path, header.BackingPath, header.BackingFormat);
            definition = definition with { BackingStore = stamp is null ? store with { Timestamps = backing?.Times } : store };
            stamp = stamp is null ? null : stamp with { Backing = backing };
        }

        return new ScannedVolume(definition == before ? before : definition, stamp);
    }

    /// <summary>A folder with the two files of a ploop image is one; its stamp would not tell a change of the image.</summary>
    private static ScannedVolume DescribeFolder(string name, string path, in FileStatus status, long now)
    {
        string image = $"{path}/{Ploop.Image}";
        if (FileStatusCalls.Get(image, out FileStatus data) < 0 || FileStatusCalls.Get($"{path}/{Ploop.Descriptor}", out _) < 0)
        {
            return new ScannedVolume(FileDescription.Folder(name, path, status), FileStamps.Take(status, now));
        }

        _ = FileHeader.TryRead(image, isDevice: false, out ImageHeader header, out _);
        return new ScannedVolume(FileDescription.Ploop(name, path, status, data, header));
    }

    private static bool HoldsZerosOnly(ProbeSettings settings, in FileStatus status) =>
        status.Size == 0 || (status.Blocks == 0 && status.Device == settings.Device);

    private static ScannedVolume WithLabel(ScannedVolume volume, string path)
    {
        VolumeTarget target = volume.Definition.Target;
        return volume with
        {
            Definition = volume.Definition with { Target = target with { Permissions = FileDescription.WithLabel(target.Permissions!, path) } },
        };
    }

    private static ScannedVolume WithAccessTime(ScannedVolume known, FileTime access) =>
        known.Stamp!.Access == access ? known : known with { Stamp = known.Stamp with { Access = access } };

    /// <summary>An image does not tell its secret: what is known of that holds as long as it is the same file, encrypted in the same way.</summary>
    private static ScannedVolume WithKnownEncryption(ScannedVolume found, ScannedVolume known)
    {
        VolumeTarget target = found.Definition.Target;
        bool same = known.Stamp is null || (found.Stamp is { } stamp && (stamp.Device, stamp.Inode) == (known.Stamp.Device, known.Stamp.Inode));
        return target.Encryption is { } encryption && same && known.Definition.Target.Encryption is { } before && before.Format == encryption.Format
            ? found with { Definition = found.Definition with { Target = target with { Encryption = before } } }
            : found;
    }

    /// <summary>Errors that say that there is nothing behind the name.</summary>
    private static bool IsGone(int result) => result is -Errno.NoEntry or -Errno.Loop or -Errno.NotDirectory or -Errno.NoSuchDevice;
}
