using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Images;

namespace Cistern.Storage.Backends.Bridge;

/// <summary>A volume where <c>qemu-img</c> can find it for as long as this lasts: its file or device, or a bridge where it is neither.</summary>
internal sealed class ShownImage : IAsyncDisposable
{
    private readonly IVolumeExtents? _extents;
    private readonly VolumeBridge? _bridge;

    private ShownImage(VolumeDefinition volume, IVolumeExtents? extents, VolumeBridge? bridge)
    {
        _extents = extents;
        _bridge = bridge;
        Location = bridge is null ? ImageLocation.File(volume.Target.Path!) : ImageLocation.Socket(bridge.SocketPath);

        // A device's format is that of the label on it: what it holds is raw.
        Format = volume.Kind == VolumeKind.Block ? FileFormats.Default : volume.Target.Format ?? FileFormats.Default;
    }

    public ImageLocation Location { get; }

    /// <summary>A name of <c>FileFormats</c>.</summary>
    public string Format { get; }

    /// <summary>Shows a volume that is to be read.</summary>
    /// <param name="pool">The pool whose threads look at files.</param>
    /// <exception cref="StorageException">38: it cannot be opened; 3/18: it cannot be read; 1/18, 67/18: what it is layered on.</exception>
    public static async ValueTask<ShownImage> ForReadingAsync(PoolContext pool, VolumeSource source, CancellationToken cancellation)
    {
        VolumeDefinition volume = source.Volume;
        if (volume.Kind != VolumeKind.Network)
        {
            ShownImage image = new(volume, extents: null, bridge: null);
            await pool.Threads.RunAsync(() => BackingChain.Check(volume.Target.Path!, image.Format), cancellation).ConfigureAwait(false);
            return image;
        }

        IVolumeData data = source.Backend as IVolumeData ?? throw StorageErrors.NotSupported(source.Backend.Info.Name, "reading volumes");
        ShownImage shown = await OpenAsync(data, source.Pool, volume, FileAccess.Read, cancellation).ConfigureAwait(false);
        try
        {
            await shown.RequireAloneAsync(volume, cancellation).ConfigureAwait(false);
            return shown;
        }
        catch
        {
            await shown.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Shows a volume that is there to be written over.</summary>
    /// <exception cref="StorageException">38: it cannot be opened.</exception>
    public static async ValueTask<ShownImage> ForWritingAsync(
        IVolumeData backend, PoolContext pool, VolumeDefinition volume, CancellationToken cancellation) =>
        volume.Kind == VolumeKind.Network
            ? await OpenAsync(backend, pool, volume, FileAccess.ReadWrite, cancellation).ConfigureAwait(false)
            : new ShownImage(volume, extents: null, bridge: null);

    /// <summary>Runs a tool that uses the volume; if it fails because the volume did, the volume's failure is the error.</summary>
    public ValueTask RunAsync(Func<Task> tool) => _bridge?.RunAsync(tool) ?? new ValueTask(tool());

    public async ValueTask DisposeAsync()
    {
        if (_bridge is not null)
        {
            await _bridge.DisposeAsync().ConfigureAwait(false);
        }

        if (_extents is not null)
        {
            await _extents.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async ValueTask<ShownImage> OpenAsync(
        IVolumeData backend, PoolContext pool, VolumeDefinition volume, FileAccess access, CancellationToken cancellation)
    {
        IVolumeExtents extents = await backend.OpenAsync(pool, volume, access, cancellation).ConfigureAwait(false);
        try
        {
            return new ShownImage(volume, extents, VolumeBridge.Open(pool.Host, extents, isWritable: access != FileAccess.Read));
        }
        catch
        {
            await extents.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>What an image elsewhere calls its backing file, or keeps its data in, would be looked for on this host.</summary>
    private async ValueTask RequireAloneAsync(VolumeDefinition volume, CancellationToken cancellation)
    {
        if (Format == FileFormats.Default)
        {
            return;
        }

        (ImageHeader header, bool isLayered) = await ExtentHeader.ReadAsync(_extents!, cancellation).ConfigureAwait(false);
        if (header.Format != Format)
        {
            throw StorageErrors.ConfigUnsupported($"image '{volume.Target.Path}' is of format '{header.Format}', not '{Format}'");
        }

        if (isLayered || (Format != "qcow2" && BackingChain.CanBeLayered(Format)))
        {
            throw StorageErrors.ConfigUnsupported($"image '{volume.Target.Path}' is not on this host, and may be layered on others");
        }
    }
}
