using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Sheepdog;

/// <summary>Makes a volume from another of its cluster without copying: from a snapshot, which is needed no longer than that.</summary>
internal static class SheepdogClone
{
    /// <param name="undo">Takes what removes the clone again.</param>
    /// <exception cref="Errors.StorageException">1/0: the tool failed; nothing is left of it.</exception>
    public static async Task RunAsync(
        HostContext host, SheepdogSession node, VolumeDefinition source, VolumeDefinition clone, Undo undo, CancellationToken cancellation)
    {
        string tag = $"clone-{Guid.NewGuid():N}";
        await host.RunAsync(SheepdogCommands.Snapshot(node, source.Name, tag), cancellation).ConfigureAwait(false);
        try
        {
            await host.RunAsync(SheepdogCommands.Clone(node, source.Name, tag, clone.Name), cancellation).ConfigureAwait(false);
            undo.Add(async () => await host.RunAsync(SheepdogCommands.Delete(node, clone.Name), CancellationToken.None).ConfigureAwait(false));
        }
        finally
        {
            await host.RunAsync(SheepdogCommands.DeleteSnapshot(node, source.Name, tag), CancellationToken.None).ConfigureAwait(false);
        }

        if (clone.Capacity > source.Capacity)
        {
            await host.RunAsync(SheepdogCommands.Resize(node, clone.Name, clone.Capacity), cancellation).ConfigureAwait(false);
        }
    }
}
