using System.Collections.Immutable;
using Cistern.Storage.Backends.Bridge;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;
using Cistern.Storage.Pools;
using Cistern.Storage.Secrets;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>
/// Makes volumes in formats other than raw: plain qcow2 by ourselves, the others by <c>qemu-img</c>, whose image lies beside its later name, so
/// that a relative backing path holds for both.
/// </summary>
internal static class ImageCreation
{
    private const string TargetSecret = "target";
    private const string SourceSecret = "source";

    /// <exception cref="StorageException">
    /// 38/18: the backing file cannot be read, or the image not be written; 8/18, 66/30, 8/0: no passphrase; 1/0: the tool failed.
    /// </exception>
    public static async ValueTask BuildAsync(
        PoolContext pool, VolumeDefinition volume, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        ImageOptions image = ImageOptions.For(volume, volume.Target.Path!, (flags & FileCreation.PreallocateMetadata) != 0);
        if (image.BackingPath is { } backing)
        {
            string path = BackingString.Resolve(backing, image.Path);
            await pool.Threads.RunAsync(() => BackingChain.Check(path, image.BackingFormat), cancellation).ConfigureAwait(false);
        }

        if (Qcow2Writer.CanWrite(image))
        {
            await WriteQcow2Async(pool, volume, image, progress, cancellation).ConfigureAwait(false);
            return;
        }

        using PassphraseFile? passphrase = await PassphraseFile.WriteAsync(pool.Host, TargetSecret, image.Encryption, cancellation).ConfigureAwait(false);
        await ImageTool.RunAsync(
            pool, volume, path => [QemuImg.Create(image with { Path = path }, passphrase?.Secret)], progress, cancellation).ConfigureAwait(false);
    }

    /// <summary>As <see cref="BuildAsync"/>, filled from another volume. The image has no backing file.</summary>
    public static async ValueTask ConvertAsync(
        PoolContext pool, VolumeDefinition volume, VolumeSource source, uint flags, JobProgress progress, CancellationToken cancellation)
    {
        ImageOptions image = ImageOptions.For(volume, volume.Target.Path!, (flags & FileCreation.PreallocateMetadata) != 0, converting: true);
        ShownImage from = await ShownImage.ForReadingAsync(pool, source, cancellation).ConfigureAwait(false);
        await using (from.ConfigureAwait(false))
        {
            using PassphraseFile? passphrase = await PassphraseFile.WriteAsync(pool.Host, TargetSecret, image.Encryption, cancellation).ConfigureAwait(false);
            var sourceEncryption = await SourceEncryptionAsync(pool, source.Volume, cancellation).ConfigureAwait(false);
            using PassphraseFile? sourcePassphrase =
                await PassphraseFile.WriteAsync(pool.Host, SourceSecret, sourceEncryption, cancellation).ConfigureAwait(false);
            await from.RunAsync(() => ImageTool.RunAsync(
                pool,
                volume,
                path => Conversion(from, sourcePassphrase?.Secret, image with { Path = path }, passphrase?.Secret),
                progress,
                cancellation).AsTask()).ConfigureAwait(false);
        }
    }

    /// <summary>As <see cref="ConvertAsync"/>, onto a volume that is there: as raw data, or on a device as a LUKS image.</summary>
    /// <param name="backend">Opens <paramref name="volume"/>.</param>
    /// <param name="readsZeros">The volume reads as zeros before.</param>
    public static async ValueTask ConvertOntoAsync(
        IVolumeData backend, PoolContext pool, VolumeDefinition volume, VolumeSource source, bool readsZeros, CancellationToken cancellation)
    {
        ImageOptions image = ImageOptions.For(volume, volume.Target.Path!, preallocateMetadata: false, converting: true);
        if (image.Encryption is not null && volume.Kind == VolumeKind.Network)
        {
            throw StorageErrors.ConfigUnsupported($"volume '{volume.Name}' cannot be encrypted: it is not on this host");
        }

        ShownImage from = await ShownImage.ForReadingAsync(pool, source, cancellation).ConfigureAwait(false);
        await using (from.ConfigureAwait(false))
        {
            var sourceEncryption = await SourceEncryptionAsync(pool, source.Volume, cancellation).ConfigureAwait(false);
            using PassphraseFile? sourcePassphrase =
                await PassphraseFile.WriteAsync(pool.Host, SourceSecret, sourceEncryption, cancellation).ConfigureAwait(false);
            if (image.Encryption is not null)
            {
                await from.RunAsync(() => EncryptAsync(pool, image, from, sourcePassphrase?.Secret, cancellation).AsTask()).ConfigureAwait(false);
                return;
            }

            ShownImage to = await ShownImage.ForWritingAsync(backend, pool, volume, cancellation).ConfigureAwait(false);
            await using (to.ConfigureAwait(false))
            {
                Command command = QemuImg.ConvertOnto(
                    from.Location, from.Format, sourcePassphrase?.Secret, to.Location, volume.Capacity, readsZeros);
                await from.RunAsync(() => to.RunAsync(() => pool.Host.RunAsync(command, cancellation)).AsTask()).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Makes an empty LUKS image of a device that is there, larger than the volume by what LUKS takes for itself.</summary>
    public static async ValueTask EncryptAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation)
    {
        ImageOptions image = ImageOptions.For(volume, volume.Target.Path!, preallocateMetadata: false);
        using PassphraseFile? passphrase = await PassphraseFile.WriteAsync(pool.Host, TargetSecret, image.Encryption, cancellation).ConfigureAwait(false);
        await ImageTool.RunAsync(pool.Host, QemuImg.Create(image, passphrase!.Secret), cancellation).ConfigureAwait(false);
    }

    /// <summary>Makes a LUKS image of a device that is there, and fills it.</summary>
    private static async ValueTask EncryptAsync(
        PoolContext pool, ImageOptions image, ShownImage source, SecretFile? sourceSecret, CancellationToken cancellation)
    {
        using PassphraseFile? passphrase = await PassphraseFile.WriteAsync(pool.Host, TargetSecret, image.Encryption, cancellation).ConfigureAwait(false);
        foreach (Command command in (Command[])[
            QemuImg.Create(image, passphrase!.Secret),
            QemuImg.ConvertInto(source.Location, source.Format, sourceSecret, image, passphrase.Secret)])
        {
            await ImageTool.RunAsync(pool.Host, command, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>qemu-img cannot make and fill an encrypted image, nor read one into a new image, in one step.</summary>
    private static ImmutableArray<Command> Conversion(ShownImage source, SecretFile? sourceSecret, ImageOptions image, SecretFile? secret) =>
        secret is null && sourceSecret is null
            ? [QemuImg.Convert(source.Location, source.Format, image)]
            : [QemuImg.Create(image, secret), QemuImg.ConvertInto(source.Location, source.Format, sourceSecret, image, secret)];

    private static async ValueTask<VolumeEncryption?> SourceEncryptionAsync(PoolContext pool, VolumeDefinition source, CancellationToken cancellation)
    {
        VolumeDefinition complete = await VolumeSecrets.CompleteAsync(source, pool.Host.Secrets, cancellation).ConfigureAwait(false);
        VolumeEncryption? encryption = complete.Target.Encryption;
        return encryption is { Secrets: [_], Format: not "luks" }
            ? throw StorageErrors.ConfigUnsupported($"volume '{source.Name}' is encrypted with '{encryption.Format}': only 'luks' can be read")
            : encryption;
    }

    private static async ValueTask WriteQcow2Async(
        PoolContext pool, VolumeDefinition volume, ImageOptions image, JobProgress progress, CancellationToken cancellation)
    {
        VolumeDefinition plain = volume with { Target = volume.Target with { NoCow = false } };
        NewFile file = await pool.Threads.RunAsync(() => NewFile.Create(pool, plain, length: 0), cancellation).ConfigureAwait(false);
        await using (file.ConfigureAwait(false))
        {
            await pool.Threads.RunAsync(() => WriteQcow2(file.File, image, cancellation), cancellation).ConfigureAwait(false);
            if (image.Preallocation == ImagePreallocation.Full)
            {
                long length = RandomAccess.GetLength(file.File);
                await FileSpace.TryAllocateAsync(pool.Threads, file.File, 0, length, progress, cancellation).ConfigureAwait(false);
            }

            await pool.Threads.RunAsync(file.Publish, cancellation).ConfigureAwait(false);
        }
    }

    private static void WriteQcow2(SafeFileHandle file, ImageOptions image, CancellationToken cancellation)
    {
        if (image.NoCow)
        {
            // For an image this is a wish, as it is to qemu-img: few file systems copy on write.
            _ = FileSpaceCalls.SetNoCopyOnWrite(file, on: true);
        }

        try
        {
            Qcow2Writer.Write(file, image, cancellation);
        }
        catch (IOException error)
        {
            // The framework puts errno there.
            throw StorageErrors.System(error.HResult, $"cannot write image '{image.Path}'");
        }
    }
}
