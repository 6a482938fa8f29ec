using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>Makes volumes that are folders. As a file does (<see cref="NewFile"/>), a folder appears whole, or not at all.</summary>
internal static class NewFolder
{
    /// <exception cref="StorageException">55/18: the name is taken; 38/18.</exception>
    public static void Make(PoolContext pool, VolumeDefinition volume) =>
        FileOwnership.Make(volume.Target.Permissions, user =>
        {
            Make(pool, volume, user);
            return true;
        });

    private static void Make(PoolContext pool, VolumeDefinition volume, FileUser? user)
    {
        string path = volume.Target.Path!;
        using NamedPart part = new(pool, volume, user);
        SystemCall.Check(
            part.Make(() => FileSystemCalls.MakeFolder(part.Path, FileOwnership.DefaultVolumeMode)), $"cannot create directory '{path}'");
        SetOwnership(part.Path, volume, user);
        int result = part.Publish(path);
        if (result == -Errno.Exists)
        {
            throw StorageErrors.VolumePathExists(path);
        }

        SystemCall.Check(result, $"cannot create directory '{path}'");
    }

    private static void SetOwnership(string part, VolumeDefinition volume, FileUser? user)
    {
        SafeFileHandle? folder = null;
        SystemCall.Check(
            FileUser.Run(user, () => FileSystemCalls.Open(part, OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow, out folder)),
            $"cannot open directory '{volume.Target.Path}'");
        using (folder)
        {
            FileOwnership.Set(folder!, volume.Target.Permissions, FileOwnership.DefaultVolumeMode, volume.Target.Path!, user);
        }
    }
}
