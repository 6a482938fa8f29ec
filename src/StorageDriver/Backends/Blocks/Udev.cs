using Cistern.Storage.Commands;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Blocks;

/// <summary>The daemon that makes the nodes and links of devices.</summary>
public static class Udev
{
    /// <summary>A host on which devices come and go without end never settles.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits until udev has done what it knows of.</summary>
    public static Command Settle { get; } = new("udevadm", ["settle", "--timeout=25"]) { Timeout = Patience };

    /// <summary>Runs <see cref="Settle"/>; a host without udev, or one that does not settle, is taken as it is.</summary>
    public static async ValueTask SettleAsync(HostContext host, CancellationToken cancellation)
    {
        if (host.Tools.Find(Settle.Tool) is null)
        {
            return;
        }

        try
        {
            await host.Commands.RunAsync(Settle, cancellation).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // Whoever needs a node finds out.
        }
    }
}
