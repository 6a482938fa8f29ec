using Cistern.Storage.Commands;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Disk;

/// <summary>
/// Whether a disk has the label that a pool needs, or none: asked of libblkid, and of parted for the labels that libblkid does not know. As for
/// libvirt, the two answer with different error numbers.
/// </summary>
internal static class LabelCheck
{
    private enum Content
    {
        None,
        Same,
        Other,
    }

    /// <summary>Before a pool is used.</summary>
    /// <param name="label">A name of <see cref="DiskLabels"/>, not <c>unknown</c>.</param>
    /// <exception cref="StorageException">75 or 9/18: there is no label; 55 or 9/18: something else is on the disk; 75/18: that cannot be found out.</exception>
    public static async ValueTask RequireAsync(PoolContext pool, string device, string label, CancellationToken cancellation)
    {
        var (content, found, byParted) = await FindAsync(pool, device, label, cancellation).ConfigureAwait(false);
        switch (content)
        {
            case Content.None:
                throw byParted ? StorageErrors.NoLabelForParted(device, label) : StorageErrors.DeviceNotProbed(device, $"it has no label; a build makes one of type '{label}'");
            case Content.Other:
                throw byParted ? StorageErrors.OtherLabelForParted(device, label, found) : StorageErrors.OtherContent(device, label, found);
        }
    }

    /// <summary>Before a label is written over what must not be lost.</summary>
    /// <param name="label">The pool's source format.</param>
    /// <exception cref="StorageException">76, 55 or 9/18: there is something on the disk; 75/18: that cannot be found out.</exception>
    public static async ValueTask RequireNoneAsync(PoolContext pool, string device, string label, CancellationToken cancellation)
    {
        var (content, found, byParted) = await FindAsync(pool, device, label, cancellation).ConfigureAwait(false);
        if (content != Content.None)
        {
            throw !byParted ? StorageErrors.DeviceNotEmpty(device, found)
                : content == Content.Same ? StorageErrors.AlreadyLabelled(device, found)
                : StorageErrors.OtherLabelForParted(device, label, found);
        }
    }

    private static async ValueTask<(Content Content, string Found, bool ByParted)> FindAsync(
        PoolContext pool, string device, string label, CancellationToken cancellation)
    {
        (Content, string)? probed = await pool.Threads.RunAsync(() => Probe(device, label), cancellation).ConfigureAwait(false);
        var (content, found) = probed ?? await AskPartedAsync(pool, device, label, cancellation).ConfigureAwait(false);
        return (content, found, ByParted: probed is null);
    }

    /// <summary>Null: parted has to be asked.</summary>
    private static (Content, string)? Probe(string device, string label)
    {
        try
        {
            using BlkidProbe probe = BlkidCalls.Open(device) ?? throw StorageErrors.DeviceNotProbed(device, "it cannot be read");
            int result = BlkidCalls.ProbeContent(probe);
            string value = "TYPE";
            if (result == BlkidCalls.Nothing)
            {
                if (DiskLabels.IsPartedsAlone(label))
                {
                    return null;
                }

                result = BlkidCalls.ProbePartitions(probe);
                value = "PTTYPE";
            }

            if (result == BlkidCalls.Nothing)
            {
                return (Content.None, "");
            }

            string? found = result == BlkidCalls.Found ? BlkidCalls.Value(probe, value) : null;
            return found is null ? throw StorageErrors.DeviceNotProbed(device, "reading it failed")
                : found != label ? (Content.Other, found)
                : BlkidCalls.DoProbe(probe) == BlkidCalls.Nothing ? (Content.Same, found)
                : throw StorageErrors.DeviceNotProbed(device, $"besides '{found}' there is something else on it");
        }
        catch (DllNotFoundException)
        {
            throw StorageErrors.ToolMissing(BlkidCalls.Library, "the system's library folders");
        }
    }

    private static async ValueTask<(Content, string)> AskPartedAsync(PoolContext pool, string device, string label, CancellationToken cancellation)
    {
        Command print = DiskCommands.Print(device);
        CommandResult result = await pool.Host.Commands.RunAsync(print, cancellation).ConfigureAwait(false);
        if (result.ExitCode != 0)
        {
            return (result.Output + result.Error).Contains(PartedOutput.NoLabel, StringComparison.Ordinal)
                ? (Content.None, "")
                : throw StorageErrors.LabelNotRead(device, result);
        }

        string found = PartedOutput.Parse(result.Output).Label;
        return (found == DiskLabels.PartedName(label) ? Content.Same : Content.Other, found);
    }
}
