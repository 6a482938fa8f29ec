using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Logical;

/// <summary>Removes logical volumes.</summary>
internal static class LogicalDeletion
{
    private static readonly string[] UseTexts = [" in use", " is used by another device"];

    /// <summary>A volume that others removed meanwhile counts as removed.</summary>
    /// <exception cref="StorageException">55/18, naming who uses the volume; 1/0: the tool failed.</exception>
    public static async ValueTask RunAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation)
    {
        string path = volume.Target.Path!;
        Command remove = LogicalCommands.Remove(path);
        CommandResult result = await LvmTool.TryAsync(pool.Host, remove, cancellation).ConfigureAwait(false);
        if (result.ExitCode == 0 || result.Error.Contains("Failed to find logical volume", StringComparison.Ordinal))
        {
            return;
        }

        if (Array.Exists(UseTexts, text => result.Error.Contains(text, StringComparison.Ordinal)))
        {
            FileHolder? holder = await pool.Threads.RunAsync(() => Holder(pool.Host.Kernel, path), cancellation).ConfigureAwait(false);
            throw holder is null ? LvmTool.Failed(pool.Host, remove, result) : StorageErrors.VolumeHeld(volume.Name, holder);
        }

        CommandResult deactivated = await LvmTool.TryAsync(pool.Host, LogicalCommands.DeactivateVolume(path), cancellation).ConfigureAwait(false);
        if (deactivated.ExitCode != 0)
        {
            throw LvmTool.Failed(pool.Host, remove, result);
        }

        await LvmTool.RunAsync(pool.Host, remove, cancellation).ConfigureAwait(false);
    }

    private static FileHolder? Holder(KernelRoots kernel, string path) =>
        FileStatusCalls.Get(path, out FileStatus status) == 0 && status.Type == FileType.BlockDevice
            ? FileHolders.Find(kernel, path, status) ?? ProcessFiles.Find(kernel, path)
            : null;
}
