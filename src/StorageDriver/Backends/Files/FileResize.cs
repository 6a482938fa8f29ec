using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;
using Cistern.Storage.Secrets;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>Changes the capacity of volumes.</summary>
internal static class FileResize
{
    private const uint AllocateFlag = 1;
    private const uint Shrink = 4;

    /// <param name="flags">1: all of the volume is to take space; 4 has been checked.</param>
    /// <exception cref="StorageException">8/18 unknown flags, 84/18 allocation of an image, 38/18, 1/0 the tool failed.</exception>
    public static async ValueTask RunAsync(PoolContext pool, VolumeDefinition volume, ulong capacity, uint flags, CancellationToken cancellation)
    {
        if ((flags & ~(AllocateFlag | Shrink)) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "resizing of a volume");
        }

        bool allocate = (flags & AllocateFlag) != 0;
        if (volume.Kind == VolumeKind.File && FileCreation.IsPlainRaw(volume))
        {
            await ResizeRawAsync(pool, volume.Target.Path!, (long)capacity, allocate, cancellation).ConfigureAwait(false);
            return;
        }

        if (volume.Kind == VolumeKind.Ploop)
        {
            await PloopVolumes.ResizeAsync(pool, volume, capacity, cancellation).ConfigureAwait(false);
            return;
        }

        if (allocate)
        {
            throw StorageErrors.AllocationNotSupported(volume.Target.Encryption?.Format ?? volume.Target.Format ?? FileFormats.Default);
        }

        if (volume.Kind != VolumeKind.File)
        {
            throw StorageErrors.ConfigUnsupported($"volume '{volume.Name}' of format '{volume.Target.Format}' cannot be resized");
        }

        using PassphraseFile? passphrase = await PassphraseFile.WriteAsync(
            pool.Host, "volume", await EncryptionAsync(pool, volume, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        Command command = QemuImg.Resize(volume.Target.Path!, volume.Target.Format, volume.Capacity, capacity, passphrase?.Secret);
        await pool.Host.RunAsync(command, cancellation).ConfigureAwait(false);
    }

    private static async ValueTask<VolumeEncryption?> EncryptionAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation) =>
        (await VolumeSecrets.CompleteAsync(volume, pool.Host.Secrets, cancellation).ConfigureAwait(false)).Target.Encryption switch
        {
            null => null,
            { Format: not "luks" } other => throw StorageErrors.ConfigUnsupported($"volume '{volume.Name}', encrypted with '{other.Format}', cannot be resized"),
            { Secrets: [] } => throw StorageErrors.VolumeWithoutSecret(volume.Name),
            var luks => luks,
        };

    private static async ValueTask ResizeRawAsync(PoolContext pool, string path, long capacity, bool allocate, CancellationToken cancellation)
    {
        (SafeFileHandle file, long size) = await pool.Threads.RunAsync(() => Open(path), cancellation).ConfigureAwait(false);
        using (file)
        {
            try
            {
                if (allocate && !await FileSpace.TryAllocateAsync(pool.Threads, file, 0, capacity, null, cancellation).ConfigureAwait(false))
                {
                    await FileSpace.WriteZerosAsync(pool.Threads, file, size, capacity, null, cancellation).ConfigureAwait(false);
                }
            }
            catch when (size < capacity)
            {
                await pool.Threads.RunAsync(() => _ = FileSpaceCalls.SetLength(file, size), CancellationToken.None).ConfigureAwait(false);
                throw;
            }

            await pool.Threads.RunAsync(
                () => SystemCall.Check(FileSpaceCalls.SetLength(file, capacity), $"cannot truncate file '{path}'"),
                cancellation).ConfigureAwait(false);
        }
    }

    private static (SafeFileHandle File, long Size) Open(string path)
    {
        SystemCall.Check(
            FileSystemCalls.Open(path, OpenFlags.ReadWrite | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal, out SafeFileHandle? file),
            $"cannot open '{path}'");
        return (file!, Math.Max(FileSpaceCalls.End(file!), 0));
    }
}
