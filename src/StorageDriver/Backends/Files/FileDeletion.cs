using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Files;

/// <summary>Removes volumes.</summary>
internal static class FileDeletion
{
    /// <summary>A volume that is gone already is a success.</summary>
    /// <exception cref="StorageException">38/18, for example a folder that is not empty; 3/18: what is no file or folder.</exception>
    public static void Delete(VolumeDefinition volume)
    {
        string path = volume.Target.Path!;
        int result = volume.Kind switch
        {
            VolumeKind.File => FileRemoval.Unlink(path),
            VolumeKind.Dir => FileRemoval.RemoveEmptyFolder(path),
            VolumeKind.Ploop => FileRemoval.RemoveFolderOfFiles(path),
            _ => throw StorageErrors.RemovalNotSupported(path),
        };
        if (result is not (0 or -Errno.NoEntry))
        {
            string what = volume.Kind == VolumeKind.File ? "unlink file" : "remove directory";
            throw StorageErrors.System(-result, $"cannot {what} '{path}'");
        }
    }
}
