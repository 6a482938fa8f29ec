using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Images;

namespace Cistern.StorageDriver.Tests.Images;

public class QemuImgTests
{
    private static readonly SecretFile Secret = new("vol_encrypt0", "/run/x,y/secret");

    private static readonly VolumeEncryption Luks = new("luks")
    {
        Secrets = [new EncryptionSecret("passphrase", new SecretReference(null, "usage"))],
        Cipher = new EncryptionCipher("serpent", 256, "cbc", "sha256"),
        Ivgen = new EncryptionIvgen("plain64", "sha256"),
    };

    [Fact]
    public void Qcow2_is_created_with_compatibility_level_1_1_unless_asked_otherwise()
    {
        AssertCommand(
            "create -f qcow2 -o compat=1.1 /p/vol.qcow2 1025K",
            QemuImg.Create(new ImageOptions { Path = "/p/vol.qcow2", Format = "qcow2", Capacity = (1024 * 1024) + 1 }));
        AssertCommand(
            "create -f qcow2 -o compat=0.10 /p/vol.qcow2 1K",
            QemuImg.Create(new ImageOptions { Path = "/p/vol.qcow2", Format = "qcow2", Capacity = 1024, Compat = "0.10" }));
    }

    [Fact]
    public void Every_option_of_qcow2_stands_in_its_place()
    {
        AssertCommand(
            "create -f qcow2 -b /p/base -o backing_fmt=raw,preallocation=metadata,nocow=on,compat=1.1,cluster_size=262144,lazy_refcounts=on,extended_l2=on /p/v 4K",
            QemuImg.Create(new ImageOptions
            {
                Path = "/p/v",
                Format = "qcow2",
                Capacity = 4096,
                BackingPath = "/p/base",
                BackingFormat = "raw",
                Preallocation = ImagePreallocation.Metadata,
                NoCow = true,
                ClusterSize = 262144,
                Features = VolumeFeatures.LazyRefcounts | VolumeFeatures.ExtendedL2,
            }));
    }

    [Fact]
    public void The_size_is_left_to_the_backing_file_when_none_is_given()
    {
        AssertCommand(
            "create -f qcow2 -b base -o backing_fmt=qcow2,compat=1.1 /p/v",
            QemuImg.Create(new ImageOptions { Path = "/p/v", Format = "qcow2", BackingPath = "base", BackingFormat = "qcow2" }));
    }

    [Fact]
    public void Formats_without_options_get_none()
    {
        AssertCommand("create -f vmdk /p/v 0K", QemuImg.Create(new ImageOptions { Path = "/p/v", Format = "vmdk" }));
    }

    [Fact]
    public void An_encrypted_raw_volume_is_a_luks_image_and_commas_are_doubled()
    {
        AssertCommand(
            "create -f luks --object secret,id=vol_encrypt0,file=/run/x,,y/secret "
            + "-o key-secret=vol_encrypt0,cipher-alg=serpent-256,cipher-mode=cbc,hash-alg=sha256,ivgen-alg=plain64,ivgen-hash-alg=sha256 /p/v 1K",
            QemuImg.Create(new ImageOptions { Path = "/p/v", Format = "raw", Capacity = 1024, Encryption = Luks }, Secret));
        AssertCommand(
            "create -f qcow2 --object secret,id=vol_encrypt0,file=/run/x,,y/secret -o encrypt.format=luks,encrypt.key-secret=vol_encrypt0,compat=1.1 /p/v 1K",
            QemuImg.Create(new ImageOptions { Path = "/p/v", Format = "qcow2", Capacity = 1024, Encryption = new VolumeEncryption("luks") }, Secret));
    }

    [Fact]
    public void Convert_drops_the_backing_file_and_reads_iso_as_raw()
    {
        AssertCommand(
            "convert -f raw -O qcow2 -o compat=1.1 /p/in.iso /p/v",
            QemuImg.Convert(ImageLocation.File("/p/in.iso"), "iso", new ImageOptions { Path = "/p/v", Format = "qcow2", BackingPath = "/p/base", BackingFormat = "raw" }));
        AssertCommand("convert -f vdi -O raw /p/in /p/v", QemuImg.Convert(ImageLocation.File("/p/in"), "vdi", new ImageOptions { Path = "/p/v", Format = "raw" }));
    }

    [Fact]
    public void Converting_encrypted_images_names_both_by_options()
    {
        AssertCommand(
            "convert --image-opts -n --target-image-opts --object secret,id=vol_encrypt0,file=/run/x,,y/secret --object secret,id=in_encrypt0,file=/run/in "
            + "driver=luks,file.filename=/p/a,,b,key-secret=in_encrypt0 driver=qcow2,file.filename=/p/v,encrypt.key-secret=vol_encrypt0",
            QemuImg.ConvertInto(ImageLocation.File("/p/a,b"), "raw", new SecretFile("in_encrypt0", "/run/in"), new ImageOptions { Path = "/p/v", Format = "qcow2" }, Secret));
        AssertCommand(
            "convert --image-opts -n --target-image-opts --object secret,id=vol_encrypt0,file=/run/x,,y/secret "
            + "driver=raw,file.filename=/p/a driver=luks,file.filename=/p/v,key-secret=vol_encrypt0",
            QemuImg.ConvertInto(ImageLocation.File("/p/a"), "iso", null, new ImageOptions { Path = "/p/v", Format = "raw" }, Secret));
    }

    [Fact]
    public void What_is_behind_a_socket_is_named_by_it()
    {
        ImageLocation socket = ImageLocation.Socket("/run/a b,c/x.nbd");
        AssertCommand(
            "convert -f raw -O qcow2 -o compat=1.1 nbd+unix:///?socket=%2Frun%2Fa%20b%2Cc%2Fx.nbd /p/v",
            QemuImg.Convert(socket, "raw", new ImageOptions { Path = "/p/v", Format = "qcow2" }));
        AssertCommand(
            "convert --image-opts -n --target-image-opts --target-is-zero --object secret,id=vol_encrypt0,file=/run/x,,y/secret "
            + "driver=qcow2,file.filename=/p/a,encrypt.key-secret=vol_encrypt0 driver=raw,file.driver=nbd,file.server.type=unix,file.server.path=/run/a b,,c/x.nbd",
            QemuImg.ConvertOnto(ImageLocation.File("/p/a"), "qcow2", Secret, socket, 0, readsZeros: true));
        AssertCommand(
            "convert --image-opts -n --target-image-opts driver=raw,file.filename=/p/a driver=raw,file.filename=/dev/x",
            QemuImg.ConvertOnto(ImageLocation.File("/p/a"), null, null, ImageLocation.File("/dev/x"), 0, readsZeros: false));
    }

    [Fact]
    public void Resize_rounds_up_to_sectors_and_says_when_it_shrinks()
    {
        AssertCommand("resize -f qcow2 /p/v 1024", QemuImg.Resize("/p/v", "qcow2", current: 512, capacity: 513));
        AssertCommand("resize --shrink -f qcow2 /p/v 512", QemuImg.Resize("/p/v", "qcow2", current: 1024, capacity: 512));
        AssertCommand(
            "resize --object secret,id=vol_encrypt0,file=/run/x,,y/secret --image-opts driver=luks,file.filename=/p/v,key-secret=vol_encrypt0 1024",
            QemuImg.Resize("/p/v", "raw", current: 512, capacity: 1024, Secret));
    }

    [Fact]
    public void Every_command_has_limits_and_more_time_for_more_bytes()
    {
        var image = new ImageOptions { Path = "/p/v", Format = "raw" };
        const ulong MiB = 1 << 20;
        Assert.Equal((4096 * MiB, 120ul), QemuImg.Create(image).Limits);
        Assert.Equal((4096 * MiB, 120ul + 256), QemuImg.Create(image with { Capacity = 1024 * MiB }).Limits);
        Assert.Equal(120ul + 256, QemuImg.Convert(ImageLocation.File("/p/a"), "raw", image with { Capacity = 1024 * MiB }).Limits!.Value.CpuSeconds);
        Assert.Equal(120ul + 256, QemuImg.ConvertInto(ImageLocation.File("/p/a"), "raw", null, image with { Capacity = 1024 * MiB }, Secret).Limits!.Value.CpuSeconds);
        Assert.Equal(120ul + 256, QemuImg.Resize("/p/a", "raw", 1024 * MiB, 0).Limits!.Value.CpuSeconds);
        Assert.Equal(120ul + 256, QemuImg.Resize("/p/a", "raw", 0, 1024 * MiB).Limits!.Value.CpuSeconds);
    }

    [Theory]
    [InlineData("-o")]
    [InlineData("json:{}")]
    [InlineData("nbd:localhost:1")]
    public void A_path_that_is_not_absolute_is_refused(string path)
    {
        Assert.Throws<ArgumentException>(() => QemuImg.Create(new ImageOptions { Path = path, Format = "raw" }));
        Assert.Throws<ArgumentException>(() => QemuImg.Resize(path, "raw", 0, 1));
        Assert.Throws<ArgumentException>(() => QemuImg.Convert(ImageLocation.File(path), "raw", new ImageOptions { Path = "/p/v", Format = "raw" }));
    }

    [Fact]
    public void Impossible_combinations_are_refused_with_libvirts_codes()
    {
        AssertError(StorageErrorCode.ConfigUnsupported, Volume("raw") with { BackingStore = new("/p/base", "raw") });
        AssertError(StorageErrorCode.ConfigUnsupported, Volume("qcow2") with { BackingStore = new("/p/base", "raw") }, preallocateMetadata: true);
        AssertError(StorageErrorCode.ConfigUnsupported, Volume("qcow2") with { BackingStore = new("json:{}", "raw") });
        AssertError(StorageErrorCode.ConfigUnsupported, Volume("vdi"), preallocateMetadata: true);
        AssertError(StorageErrorCode.ConfigUnsupported, Volume("vdi", target => target with { Compat = "1.1" }));
        AssertError(StorageErrorCode.ConfigUnsupported, Volume("vdi", target => target with { Features = VolumeFeatures.None }));
        AssertError(StorageErrorCode.ConfigUnsupported, Volume("vdi", target => target with { Encryption = Luks }));
        AssertError(StorageErrorCode.ConfigUnsupported, Volume("qcow2", target => target with { Encryption = Luks with { Format = "qcow" } }));
        AssertError(StorageErrorCode.InternalError, Volume("raw", target => target with { Encryption = Luks with { Format = "luks2" } }));
        AssertError(StorageErrorCode.ConfigUnsupported, Volume("qcow2", target => target with { Compat = "0.10", Features = VolumeFeatures.LazyRefcounts }));
        AssertError(StorageErrorCode.ConfigUnsupported, Volume("qcow2", target => target with { Compat = "2.0" }));
        AssertError(StorageErrorCode.InvalidArgument, Volume("raw", target => target with { Encryption = new VolumeEncryption("luks") }));
    }

    [Fact]
    public void Preallocating_a_fully_allocated_volume_allocates_its_data_too()
    {
        var volume = Volume("qcow2") with { Capacity = 1024, Allocation = 1024 };

        Assert.Equal(ImagePreallocation.Full, ImageOptions.For(volume, "/p/v", preallocateMetadata: true).Preallocation);
        Assert.Equal(ImagePreallocation.Metadata, ImageOptions.For(volume with { Allocation = 0 }, "/p/v", preallocateMetadata: true).Preallocation);
        Assert.Equal(ImagePreallocation.Off, ImageOptions.For(volume, "/p/v", preallocateMetadata: false).Preallocation);
    }

    private static VolumeDefinition Volume(string format, Func<VolumeTarget, VolumeTarget>? change = null)
    {
        var target = new VolumeTarget { Format = format };
        return new VolumeDefinition { Name = "v", Target = change?.Invoke(target) ?? target };
    }

    private static void AssertError(StorageErrorCode code, VolumeDefinition volume, bool preallocateMetadata = false) =>
        Assert.Equal(code, Assert.Throws<StorageException>(() => ImageOptions.For(volume, "/p/v", preallocateMetadata)).Code);

    private static void AssertCommand(string arguments, Command command)
    {
        Assert.Equal("qemu-img", command.Tool);
        Assert.Equal(arguments, string.Join(' ', command.Arguments));
    }
}
