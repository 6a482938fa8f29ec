using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Pools;

/// <summary>Opens uploads and downloads.</summary>
internal sealed class VolumeStreams(DriverContext driver, PoolScanner scanner)
{
    /// <param name="length">Bytes that may be written; 0: no bound.</param>
    public async ValueTask<VolumeUpload> OpenUploadAsync(VolumeReference volume, ulong offset, ulong length, bool sparse, CancellationToken cancellation)
    {
        var (start, limit) = (Position(offset), Position(length));
        var stream = await OpenAsync(volume, FileAccess.Write, "uploads", cancellation).ConfigureAwait(false);
        return new StoredUpload(stream, start, limit, sparse);
    }

    /// <param name="length">Bytes to be read; 0: to the end.</param>
    public async ValueTask<VolumeDownload> OpenDownloadAsync(VolumeReference volume, ulong offset, ulong length, bool sparse, CancellationToken cancellation)
    {
        var (start, limit) = (Position(offset), Position(length));
        var stream = await OpenAsync(volume, FileAccess.Read, "downloads", cancellation).ConfigureAwait(false);
        return new StoredDownload(stream, start, limit, sparse);
    }

    private async ValueTask<VolumeStream> OpenAsync(VolumeReference volume, FileAccess access, string what, CancellationToken cancellation)
    {
        var pool = driver.Registry.Require(volume.Pool);
        pool.State.RequireActive();
        await scanner.EnsureAccessibleAsync(pool, cancellation).ConfigureAwait(false);
        var gate = await VolumeGate.EnterAsync(pool, volume.Name, cancellation).ConfigureAwait(false);
        using (gate)
        {
            var state = pool.State;
            var run = state.RequireChangeable();
            var entry = state.RequireVolume(volume.Name);
            if (access == FileAccess.Write && run.FindUse(volume.Name) is { InUse: true })
            {
                throw StorageErrors.VolumeInUse(volume.Name);
            }

            if (entry.Building is not null)
            {
                throw StorageErrors.VolumeBuilding(volume.Name);
            }

            var backend = run.Backend as IVolumeData ?? throw StorageErrors.NotSupported(run.Backend.Info.Name, what);
            var stream = new VolumeStream(pool, run, volume.Name) { IsUpload = access == FileAccess.Write };
            run.Use(volume.Name).Streams.Add(stream);
            gate.Dispose();
            await stream.OpenAsync(token => backend.OpenAsync(pool.Context(state), entry.Definition, access, token)).ConfigureAwait(false);
            return stream;
        }
    }

    private static long Position(ulong value) => value <= long.MaxValue ? (long)value : throw StorageErrors.SizeTooLarge("stream position", value);
}
