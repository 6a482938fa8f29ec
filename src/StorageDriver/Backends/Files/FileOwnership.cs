using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>Owner, group, mode and label of files and folders.</summary>
internal static class FileOwnership
{
    /// <summary>Mode of volumes whose document gives none: 0600.</summary>
    public const uint DefaultVolumeMode = 0x180;

    /// <summary>Mode of a pool's folder whose document gives none: 0711.</summary>
    public const uint DefaultPoolMode = 0x1C9;

    private const uint FileModes = 0x1B6; // 0666

    /// <summary>What a new volume is to have: what its document asks for, else what the pool's document asks for.</summary>
    /// <param name="pool">Owner and group are taken by a server that can give files away only.</param>
    public static Permissions? Inherit(Permissions? asked, Permissions? pool, bool isFolder)
    {
        if (pool is null)
        {
            return asked;
        }

        bool givesAway = Environment.IsPrivilegedProcess;
        return new Permissions(
            asked?.Mode ?? (isFolder ? pool.Mode : pool.Mode & FileModes),
            asked?.Owner ?? (givesAway ? pool.Owner : null),
            asked?.Group ?? (givesAway ? pool.Group : null),
            asked?.Label ?? pool.Label);
    }

    /// <summary>
    /// Makes something as the server (null), then, on storage that refuses the server, as the owner and group that are asked for. When both are
    /// refused, it is the server's refusal that is told.
    /// </summary>
    public static T Make<T>(Permissions? asked, Func<FileUser?, T> make)
    {
        try
        {
            return make(null);
        }
        catch (StorageException refusal) when (FileUser.IsRefusal(refusal.Errno) && User(asked) is { } user)
        {
            try
            {
                return make(user);
            }
            catch (StorageException again) when (FileUser.IsRefusal(again.Errno))
            {
                throw refusal;
            }
        }
    }

    /// <summary>Changes owner and group where they are not as asked for, then the mode, which a change of owner may have cut, and the label.</summary>
    /// <param name="defaultMode">For a document that gives none, where the file system has modes; null: it stays.</param>
    /// <param name="user">As whom; null: the server.</param>
    /// <exception cref="StorageException">38/18.</exception>
    public static void Set(SafeFileHandle file, Permissions? asked, uint? defaultMode, string path, FileUser? user = null)
    {
        SystemCall.Check(FileStatusCalls.Get(file, out FileStatus status), $"cannot stat file '{path}'");
        uint? owner = asked?.Owner == status.Owner ? null : asked?.Owner;
        uint? group = asked?.Group == status.Group ? null : asked?.Group;
        bool changesOwner = owner is not null || group is not null;
        if (changesOwner)
        {
            SystemCall.Check(
                FileUser.Run(user, () => FileSystemCalls.ChangeOwner(file, owner, group)),
                $"cannot chown '{path}' to ({owner ?? status.Owner}, {group ?? status.Group})");
        }

        if ((asked?.Mode ?? defaultMode) is { } mode && (mode != status.PermissionBits || changesOwner))
        {
            int result = FileUser.Run(user, () => FileSystemCalls.ChangeMode(file, mode));
            if (asked?.Mode is not null || result is not (-Errno.NotPermitted or -Errno.NotSupported or -Errno.NotImplemented))
            {
                SystemCall.Check(result, $"cannot set mode of '{path}' to 0{Convert.ToString(mode, 8)}");
            }
        }

        SetLabel(file, asked?.Label, path, user);
    }

    /// <summary>Null when no owner or group is asked for, or the server cannot act for others.</summary>
    private static FileUser? User(Permissions? asked) =>
        asked is { Owner: not null } or { Group: not null } && Environment.IsPrivilegedProcess ? new FileUser(asked.Owner ?? 0, asked.Group ?? 0) : null;

    /// <summary>Where the host does not use labels, it is no failure that one cannot be set.</summary>
    private static void SetLabel(SafeFileHandle file, string? label, string path, FileUser? user)
    {
        if (label is null)
        {
            return;
        }

        int result = FileUser.Run(user, () => SecurityLabels.Set(file, label));
        if (SecurityLabels.AreUsed)
        {
            SystemCall.Check(result, $"cannot set label of '{path}' to '{label}'");
        }
    }
}
