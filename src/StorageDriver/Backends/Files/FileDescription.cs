using Cistern.Storage.Definitions;
using Cistern.Storage.Host;
using Cistern.Storage.Images;

namespace Cistern.Storage.Backends.Files;

/// <summary>Turns what the kernel and an image's header say of a file into a volume's definition.</summary>
internal static class FileDescription
{
    private const int BlockUnit = 512;

    [ThreadStatic]
    private static Permissions? _lastPermissions;

    /// <summary>A file or block device.</summary>
    /// <param name="deviceEnd">Size of a block device, whose status does not say it.</param>
    /// <param name="times">Null where the stamp tells them.</param>
    public static VolumeDefinition File(string name, string path, in FileStatus status, in ImageHeader header, long deviceEnd, Timestamps? times)
    {
        bool device = status.Type == FileType.BlockDevice;
        ulong physical = (ulong)(device ? deviceEnd : status.Size);
        return new VolumeDefinition
        {
            Name = name,
            Key = path,
            Kind = VolumeKind.File,
            Capacity = header.CapacityIn(physical),
            Allocation = device ? physical : (ulong)status.Blocks * BlockUnit,
            Physical = physical,
            Target = new VolumeTarget
            {
                Path = path,
                Format = header.Format,
                Permissions = Permissions(status),
                Timestamps = times,
                Encryption = header.Encryption is null ? null : new VolumeEncryption(header.Encryption),
                Compat = header.Compat,
                ClusterSize = header.ClusterSize,
                Features = header.Features,
            },
        };
    }

    /// <summary>Whether <see cref="File"/> would describe a plain file, the times of which its stamp tells, as it was described before.</summary>
    public static bool IsAsBefore(VolumeDefinition before, in FileStatus status, in ImageHeader header)
    {
        VolumeTarget target = before.Target;
        return (header.BackingPath, header.Encryption, before.BackingStore, target.Encryption, target.Timestamps) == default
            && before.Physical == (ulong)status.Size
            && before.Allocation == (ulong)status.Blocks * BlockUnit
            && before.Capacity == header.CapacityIn(before.Physical)
            && before.Kind == VolumeKind.File
            && target.Format == header.Format
            && target.Compat == header.Compat
            && target.ClusterSize == header.ClusterSize
            && target.Features == header.Features
            && target.Permissions == Permissions(status);
    }

    /// <summary>A folder, which has no size of its own; its stamp tells its times.</summary>
    public static VolumeDefinition Folder(string name, string path, in FileStatus status) =>
        new() { Name = name, Key = path, Kind = VolumeKind.Dir, Target = new VolumeTarget { Path = path, Format = "dir", Permissions = Permissions(status) } };

    /// <summary>A ploop volume: a folder whose image, <paramref name="image"/>, carries the size.</summary>
    public static VolumeDefinition Ploop(string name, string path, in FileStatus folder, in FileStatus image, in ImageHeader header) =>
        File(name, path, image, header, 0, times: null) with
        {
            Kind = VolumeKind.Ploop,
            Target = new VolumeTarget { Path = path, Format = "ploop", Permissions = Permissions(folder), Timestamps = Timestamps(folder) },
        };

    /// <summary>Something there is no way to look at: its name is all that is known, or what was known last.</summary>
    public static VolumeDefinition Unknown(string name, string path, VolumeDefinition? last) =>
        last ?? new VolumeDefinition { Name = name, Key = path, Target = new VolumeTarget { Path = path, Format = FileHeader.Raw.Format } };

    /// <summary>Most files of a pool have the same: the last value is kept and shared.</summary>
    public static Permissions Permissions(in FileStatus status)
    {
        Permissions? last = _lastPermissions;
        return last is not null && last.Mode == status.PermissionBits && last.Owner == status.Owner && last.Group == status.Group
            ? last
            : _lastPermissions = new Permissions(status.PermissionBits, status.Owner, status.Group);
    }

    /// <summary>With the label that the file has, if any: one more call, made only on hosts that use labels.</summary>
    public static Permissions WithLabel(Permissions permissions, string path) =>
        SecurityLabels.Get(path) is { } label ? permissions with { Label = label } : permissions;

    public static Timestamps Timestamps(in FileStatus status) => new(status.Access, status.Modify, status.Change, status.Birth);
}
