using System.Collections.Immutable;
using System.Globalization;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Images;

/// <summary>
/// Command lines of <c>qemu-img</c> (its man page). Formats are always given, so nothing is probed; values within option lists have their commas
/// doubled; every path is absolute, so that none reads as an option or a protocol.
/// </summary>
public static class QemuImg
{
    public const string Tool = "qemu-img";

    /// <summary>
    /// What it says when, before it makes a LUKS image, it measured the processor and its clock did not go on: by chance, and gone at the next attempt.
    /// </summary>
    public const string Unmeasured = "Unable to get accurate CPU usage";

    private const ulong KiB = 1024;
    private const ulong SectorSize = 512;

    /// <summary>Far more than qemu-img maps for its threads, buffers and tables: what asks for more has been misled by an image.</summary>
    private const ulong AddressSpace = 4ul << 30;

    /// <summary>Seconds, whatever the size: the keys of LUKS are derived until two seconds have gone, several times.</summary>
    private const ulong CpuBase = 120;

    /// <summary>Bytes for which one more second is given. The slowest ciphers do some ten times as much.</summary>
    private const ulong BytesPerCpuSecond = 4ul << 20;

    /// <param name="secret">The passphrase, exactly when the image is encrypted.</param>
    public static Command Create(ImageOptions image, SecretFile? secret = null)
    {
        var arguments = ImmutableArray.CreateBuilder<string>();
        arguments.AddRange("create", "-f", Driver(image.Format, image.Encryption));
        if (image.BackingPath is { } backing)
        {
            arguments.AddRange("-b", backing);
        }

        AddSecret(arguments, secret);
        AddOptions(arguments, image, secret);
        arguments.Add(Absolute(image.Path));
        if (image.Capacity != 0 || image.BackingPath is null)
        {
            arguments.Add(string.Create(CultureInfo.InvariantCulture, $"{(image.Capacity / KiB) + (image.Capacity % KiB == 0 ? 0u : 1u)}K"));
        }

        return Limited(arguments, image.Capacity);
    }

    /// <summary>Fills a new plain image from a plain one. The result has no backing file.</summary>
    /// <param name="sourceFormat">Format of the source; <c>iso</c> and null count as raw.</param>
    public static Command Convert(ImageLocation source, string? sourceFormat, ImageOptions target)
    {
        var arguments = ImmutableArray.CreateBuilder<string>();
        arguments.AddRange("convert", "-f", PlainFormat(sourceFormat), "-O", target.Format);
        AddOptions(arguments, target with { BackingPath = null, BackingFormat = null }, secret: null);
        arguments.AddRange(source.Argument, Absolute(target.Path));
        return Limited(arguments, target.Capacity);
    }

    /// <summary>Fills an existing image, with encryption on either side. The target has been made by <see cref="Create"/>.</summary>
    /// <param name="sourceSecret">The passphrase of an encrypted source, else null.</param>
    /// <param name="targetSecret">The passphrase of an encrypted target, else null.</param>
    public static Command ConvertInto(ImageLocation source, string? sourceFormat, SecretFile? sourceSecret, ImageOptions target, SecretFile? targetSecret)
    {
        var arguments = ImmutableArray.CreateBuilder<string>();
        arguments.AddRange("convert", "--image-opts", "-n", "--target-image-opts");
        AddSecret(arguments, targetSecret);
        AddSecret(arguments, sourceSecret);
        arguments.AddRange(
            ImageOpts(PlainFormat(sourceFormat), source, sourceSecret),
            ImageOpts(target.Format, ImageLocation.File(target.Path), targetSecret));
        return Limited(arguments, target.Capacity);
    }

    /// <summary>Writes the data of an image over what is at a location, as raw data.</summary>
    /// <param name="sourceSecret">The passphrase of an encrypted source, else null.</param>
    /// <param name="capacity">Of the target, in bytes.</param>
    /// <param name="readsZeros">The target reads as zeros before.</param>
    public static Command ConvertOnto(
        ImageLocation source, string? sourceFormat, SecretFile? sourceSecret, ImageLocation target, ulong capacity, bool readsZeros)
    {
        var arguments = ImmutableArray.CreateBuilder<string>();
        arguments.AddRange("convert", "--image-opts", "-n", "--target-image-opts");
        if (readsZeros)
        {
            arguments.Add("--target-is-zero");
        }

        AddSecret(arguments, sourceSecret);
        arguments.AddRange(ImageOpts(PlainFormat(sourceFormat), source, sourceSecret), ImageOpts("raw", target, secret: null));
        return Limited(arguments, capacity);
    }

    /// <summary>Changes an image's capacity, rounded up to whole sectors.</summary>
    /// <param name="current">Capacity now, in bytes: decides whether data may be cut off.</param>
    /// <param name="secret">The passphrase of an encrypted image, else null.</param>
    public static Command Resize(string path, string? format, ulong current, ulong capacity, SecretFile? secret = null)
    {
        var rounded = capacity % SectorSize == 0 ? capacity : checked(capacity + SectorSize - (capacity % SectorSize));
        var arguments = ImmutableArray.CreateBuilder<string>();
        arguments.Add("resize");
        if (rounded < current)
        {
            arguments.Add("--shrink");
        }

        if (secret is null)
        {
            arguments.AddRange("-f", PlainFormat(format), Absolute(path));
        }
        else
        {
            AddSecret(arguments, secret);
            arguments.AddRange("--image-opts", ImageOpts(PlainFormat(format), ImageLocation.File(path), secret));
        }

        arguments.Add(rounded.ToString(CultureInfo.InvariantCulture));
        return Limited(arguments, Math.Max(current, capacity));
    }

    /// <param name="size">Bytes that the command may have to go through.</param>
    private static Command Limited(ImmutableArray<string>.Builder arguments, ulong size) =>
        new(Tool, arguments.ToImmutable()) { Limits = (AddressSpace, CpuBase + (size / BytesPerCpuSecond)) };

    private static string PlainFormat(string? format) => format is null or "iso" ? "raw" : format;

    private static string Driver(string format, VolumeEncryption? encryption) => encryption is not null && format == "raw" ? "luks" : format;

    private static string Absolute(string path) =>
        path.StartsWith('/') ? path : throw new ArgumentException($"'{path}' is not an absolute path", nameof(path));

    private static string Escape(string value) => ImageLocation.Escape(value);

    private static void AddSecret(ImmutableArray<string>.Builder arguments, SecretFile? secret)
    {
        if (secret is not null)
        {
            arguments.AddRange("--object", $"secret,id={secret.Id},file={Escape(secret.Path)}");
        }
    }

    private static string ImageOpts(string format, ImageLocation location, SecretFile? secret)
    {
        var driver = secret is not null && format == "raw" ? "luks" : format;
        var key = secret is null ? "" : $",{EncryptionPrefix(format)}key-secret={secret.Id}";
        return $"driver={driver},{location.Options}{key}";
    }

    private static string EncryptionPrefix(string format) => format == "qcow2" ? "encrypt." : "";

    private static void AddOptions(ImmutableArray<string>.Builder arguments, ImageOptions image, SecretFile? secret)
    {
        var options = new List<string>();
        if (image.BackingPath is not null)
        {
            options.Add($"backing_fmt={image.BackingFormat}");
        }

        if (image.Encryption is { } encryption && secret is not null)
        {
            AddEncryption(options, image.Format, encryption, secret);
        }

        if (image.Preallocation != ImagePreallocation.Off)
        {
            options.Add(image.Preallocation == ImagePreallocation.Metadata ? "preallocation=metadata" : "preallocation=falloc");
        }

        if (image.NoCow)
        {
            options.Add("nocow=on");
        }

        if (image.Format == "qcow2")
        {
            options.Add($"compat={Escape(image.Compat ?? ImageOptions.DefaultCompat)}");
        }

        if (image.ClusterSize != 0)
        {
            options.Add(string.Create(CultureInfo.InvariantCulture, $"cluster_size={image.ClusterSize}"));
        }

        if (image.Features.HasFlag(VolumeFeatures.LazyRefcounts))
        {
            options.Add("lazy_refcounts=on");
        }

        if (image.Features.HasFlag(VolumeFeatures.ExtendedL2))
        {
            options.Add("extended_l2=on");
        }

        if (options.Count > 0)
        {
            arguments.AddRange("-o", string.Join(',', options));
        }
    }

    private static void AddEncryption(List<string> options, string format, VolumeEncryption encryption, SecretFile secret)
    {
        var prefix = EncryptionPrefix(format);
        if (format == "qcow2")
        {
            options.Add("encrypt.format=luks");
        }

        options.Add($"{prefix}key-secret={secret.Id}");
        if (encryption.Cipher is { } cipher)
        {
            options.Add(string.Create(CultureInfo.InvariantCulture, $"{prefix}cipher-alg={Escape(cipher.Name)}-{cipher.Size}"));
            AddValue("cipher-mode", cipher.Mode);
            AddValue("hash-alg", cipher.Hash);
            AddValue("ivgen-alg", encryption.Ivgen?.Name);
            AddValue("ivgen-hash-alg", encryption.Ivgen?.Hash);
        }

        void AddValue(string name, string? value)
        {
            if (value is not null)
            {
                options.Add($"{prefix}{name}={Escape(value)}");
            }
        }
    }
}
