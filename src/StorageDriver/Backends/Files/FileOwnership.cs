using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>Owner, group and mode of files and folders.</summary>
internal static class FileOwnership
{
    /// <summary>Mode of volumes whose document gives none: 0600.</summary>
    public const uint DefaultVolumeMode = 0x180;

    /// <summary>Mode of a pool's folder whose document gives none: 0711.</summary>
    public const uint DefaultPoolMode = 0x1C9;

    /// <summary>Changes owner and group where they are not as asked for, then the mode, which a change of owner may have cut.</summary>
    /// <param name="defaultMode">For a document that gives none; null: it stays.</param>
    /// <exception cref="StorageException">38/18.</exception>
    public static void Set(SafeFileHandle file, Permissions? permissions, uint? defaultMode, string path)
    {
        SystemCall.Check(FileStatusCalls.Get(file, out FileStatus status), $"cannot stat file '{path}'");
        uint? owner = permissions?.Owner == status.Owner ? null : permissions?.Owner;
        uint? group = permissions?.Group == status.Group ? null : permissions?.Group;
        if (owner is not null || group is not null)
        {
            SystemCall.Check(
                FileSystemCalls.ChangeOwner(file, owner, group), $"cannot chown '{path}' to ({owner ?? status.Owner}, {group ?? status.Group})");
        }

        if ((permissions?.Mode ?? defaultMode) is { } mode && (mode != status.PermissionBits || owner is not null || group is not null))
        {
            SystemCall.Check(FileSystemCalls.ChangeMode(file, mode), $"cannot set mode of '{path}' to 0{Convert.ToString(mode, 8)}");
        }
    }
}
