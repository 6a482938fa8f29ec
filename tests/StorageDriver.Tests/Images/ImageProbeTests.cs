using System.Buffers.Binary;
using Cistern.Storage.Definitions;
using Cistern.Storage.Images;
using Cistern.Support;

namespace Cistern.StorageDriver.Tests.Images;

public class ImageProbeTests
{
    private const ulong MiB = 1024 * 1024;

    [QemuTheory]
    [InlineData("raw", "raw", null)]
    [InlineData("qcow", "qcow", MiB)]
    [InlineData("qcow2", "qcow2", MiB)]
    [InlineData("qed", "qed", MiB)]
    [InlineData("vmdk", "vmdk", MiB)]
    [InlineData("vdi", "vdi", MiB)]
    [InlineData("parallels", "ploop", null)]
    [InlineData("vhdx", "raw", null)]
    public void Images_that_qemu_img_makes_are_recognised(string made, string format, ulong? capacity)
    {
        using var folder = new TemporaryFolder();
        QemuTools.Run("qemu-img", "create", "-f", made, folder["image"], "1M");

        var header = ProbeFile(folder["image"]);

        Assert.Equal(format, header.Format);
        Assert.Equal(capacity, format == "ploop" ? null : header.Capacity);
        Assert.Null(header.BackingPath);
        Assert.Null(header.Encryption);
    }

    [QemuFact]
    public void A_vpc_image_is_recognised_with_the_size_that_its_footer_copy_tells()
    {
        using var folder = new TemporaryFolder();
        QemuTools.Run("qemu-img", "create", "-f", "vpc", "-o", "force_size=on", folder["image"], "1M");

        Assert.Equal(new ImageHeader("vpc") { Capacity = MiB }, ProbeFile(folder["image"]));
    }

    [QemuFact]
    public void Versions_features_and_cluster_size_of_qcow2_are_read()
    {
        using var folder = new TemporaryFolder();
        QemuTools.Run("qemu-img", "create", "-f", "qcow2", "-o", "compat=0.10,cluster_size=4096", folder["v2"], "1M");
        QemuTools.Run("qemu-img", "create", "-f", "qcow2", "-o", "compat=1.1,lazy_refcounts=on,extended_l2=on", folder["v3"], "1M");

        Assert.Equal(new ImageHeader("qcow2") { Capacity = MiB, ClusterSize = 4096 }, ProbeFile(folder["v2"]));
        Assert.Equal(
            new ImageHeader("qcow2")
            {
                Capacity = MiB,
                ClusterSize = 65536,
                Compat = "1.1",
                Features = VolumeFeatures.LazyRefcounts | VolumeFeatures.ExtendedL2,
            },
            ProbeFile(folder["v3"]));
    }

    [QemuTheory]
    [InlineData("qcow2", "compat=0.10", "qcow2", "qcow2")]
    [InlineData("qcow2", "compat=1.1", "raw", "raw")]
    [InlineData("qcow", "", "raw", null)]
    [InlineData("qed", "", "raw", "raw")]
    [InlineData("qed", "", "qcow2", null)]
    [InlineData("vmdk", "", "vmdk", null)]
    public void Backing_file_and_its_format_are_read(string format, string options, string backingFormat, string? recorded)
    {
        using var folder = new TemporaryFolder();
        QemuTools.Run("qemu-img", "create", "-f", backingFormat, folder["base"], "1M");
        QemuTools.Run("qemu-img", ["create", "-f", format, .. options.Length == 0 ? Array.Empty<string>() : ["-o", options], "-b", folder["base"], "-F", backingFormat, folder["image"]]);

        var header = ProbeFile(folder["image"]);

        Assert.Equal((format, folder["base"], recorded), (header.Format, header.BackingPath, header.BackingFormat));
    }

    [QemuFact]
    public void Encryption_is_recognised()
    {
        using var folder = new TemporaryFolder();
        folder.Write("secret", "123456"u8);
        var secret = new SecretFile("s", folder["secret"]);
        var luks = new VolumeEncryption("luks");
        QemuTools.Run("qemu-img", [.. QemuImg.Create(new ImageOptions { Path = folder["raw"], Format = "raw", Capacity = MiB, Encryption = luks }, secret).Arguments]);
        QemuTools.Run("qemu-img", [.. QemuImg.Create(new ImageOptions { Path = folder["qcow2"], Format = "qcow2", Capacity = MiB, Encryption = luks }, secret).Arguments]);

        var raw = ProbeFile(folder["raw"]);
        Assert.Equal(("raw", "luks"), (raw.Format, raw.Encryption));
        Assert.Equal(MiB, raw.CapacityIn((ulong)new FileInfo(folder["raw"]).Length));
        var qcow2 = ProbeFile(folder["qcow2"]);
        Assert.Equal(("qcow2", "luks", MiB), (qcow2.Format, qcow2.Encryption, qcow2.CapacityIn(0)));
    }

    [QemuFact]
    public void What_keeps_a_qcow2_image_from_being_copied_byte_by_byte_is_seen()
    {
        using var folder = new TemporaryFolder();
        QemuTools.Run("qemu-img", "create", "-f", "qcow2", folder["snapshot"], "1M");
        QemuTools.Run("qemu-img", "snapshot", "-c", "s", folder["snapshot"]);
        QemuTools.Run("qemu-img", "create", "-f", "qcow2", folder["bitmap"], "1M");
        QemuTools.Run("qemu-img", "bitmap", "--add", folder["bitmap"], "b");
        QemuTools.Run("qemu-img", "create", "-f", "qcow2", "-o", "refcount_bits=8", folder["refcounts"], "1M");
        QemuTools.Run("qemu-img", "create", "-f", "qcow2", "-o", "compression_type=zstd", folder["zstd"], "1M");
        QemuTools.Run("qemu-img", "create", "-f", "qcow2", folder["plain"], "1M");
        QemuTools.Run("qemu-img", "create", "-f", "qcow2", "-o", "data_file=" + folder["data"], folder["external"], "1M");

        Assert.Equal(Qcow2State.Snapshots, ProbeFile(folder["snapshot"]).State);
        Assert.Equal(Qcow2State.Bitmaps, ProbeFile(folder["bitmap"]).State);
        Assert.Equal(Qcow2State.DataFile, ProbeFile(folder["external"]).State);
        Assert.Equal(Qcow2State.Other, ProbeFile(folder["refcounts"]).State);
        Assert.Equal(Qcow2State.Other, ProbeFile(folder["zstd"]).State);
        Assert.Equal(Qcow2State.None, ProbeFile(folder["plain"]).State);
    }

    [Fact]
    public void A_cd_image_is_recognised_by_its_volume_descriptor()
    {
        var image = new byte[64 * 1024];
        "CD001"u8.CopyTo(image.AsSpan(32769));

        Assert.Equal("iso", Probe(image).Format);
        Assert.Equal("raw", Probe(image[..32770]).Format);
    }

    [Fact]
    public void Cow_and_ploop_are_recognised()
    {
        var cow = new byte[2048];
        "OOOM"u8.CopyTo(cow);
        BinaryPrimitives.WriteInt32BigEndian(cow.AsSpan(4), 2);
        "/p/base"u8.CopyTo(cow.AsSpan(8));
        BinaryPrimitives.WriteUInt64BigEndian(cow.AsSpan(1036), MiB);
        var ploop = new byte[64];
        "WithouFreSpacExt"u8.CopyTo(ploop);
        BinaryPrimitives.WriteUInt64LittleEndian(ploop.AsSpan(36), 2048);

        Assert.Equal(new ImageHeader("cow") { Capacity = MiB, BackingPath = "/p/base" }, Probe(cow));
        Assert.Equal(new ImageHeader("ploop") { Capacity = MiB }, Probe(ploop));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\u007fELF")]
    [InlineData("QFI\u00fb")]
    [InlineData("KDMV")]
    [InlineData("conectix")]
    [InlineData("COWD")]
    public void Anything_else_is_raw(string content)
    {
        var image = new byte[4096];
        System.Text.Encoding.Latin1.GetBytes(content, image);

        Assert.Equal(new ImageHeader("raw"), Probe(image));
        Assert.Equal(new ImageHeader("raw"), Probe(System.Text.Encoding.Latin1.GetBytes(content)));
    }

    [Fact]
    public void Numbers_that_no_file_can_have_are_dropped()
    {
        var image = Qcow2();
        BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(24), ulong.MaxValue);
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(20), 64);
        BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(8), ulong.MaxValue - 4);
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(16), 1023);

        var header = Probe(image);

        Assert.Equal(("qcow2", null, 0ul, null), (header.Format, header.Capacity, header.ClusterSize, header.BackingPath));
        Assert.Equal(4096ul, header.CapacityIn(4096));
    }

    [Fact]
    public void A_payload_beyond_the_end_leaves_no_capacity()
    {
        Assert.Equal(0ul, new ImageHeader("raw") { Encryption = "luks", PayloadOffset = 4096 }.CapacityIn(512));
    }

    [Fact]
    public void No_damage_to_a_header_makes_the_probe_throw()
    {
        var random = new Random(1);
        foreach (var start in new[] { "QFI\u00fb\0\0\0\u0003", "QFI\u00fb\0\0\0\u0001", "QED\0", "KDMV\u0001\0\0\0", "conectix", "WithouFreSpacExt", "OOOM\0\0\0\u0002", "LUKS\u00ba\u00be\0\u0001" })
        {
            for (var i = 0; i < 2000; i++)
            {
                var image = new byte[random.Next(1, 40000)];
                random.NextBytes(image.AsSpan(0, Math.Min(image.Length, random.Next(1200))));
                System.Text.Encoding.Latin1.GetBytes(start).AsSpan(0, Math.Min(start.Length, image.Length)).CopyTo(image);
                var header = Probe(image);
                Assert.True(header.Capacity is null or <= long.MaxValue);
            }
        }
    }

    [Fact]
    public void A_probe_of_a_plain_file_reads_two_small_pieces()
    {
        var reader = new CountingReader();
        ImageProbe.Probe(reader);

        Assert.Equal([(0L, 1024), (32769L, 5)], reader.Reads);
    }

    [Theory]
    [InlineData("/p/base", "/p/base")]
    [InlineData("base", "/pool/base")]
    [InlineData("../other/base", "/pool/../other/base")]
    [InlineData("./a:b", "/pool/./a:b")]
    public void A_recorded_path_is_relative_to_the_image(string recorded, string path)
    {
        Assert.True(BackingString.IsPath(recorded));
        Assert.Equal(path, BackingString.Resolve(recorded, "/pool/image"));
        Assert.Equal("/base", BackingString.Resolve("base", "/image"));
    }

    [Theory]
    [InlineData("json:{\"driver\":\"nbd\"}")]
    [InlineData("nbd://host/export")]
    [InlineData("rbd:pool/image")]
    [InlineData("a:b")]
    public void What_only_qemu_understands_is_no_path(string recorded) => Assert.False(BackingString.IsPath(recorded));

    private static byte[] Qcow2()
    {
        var image = new byte[4096];
        BinaryPrimitives.WriteUInt32BigEndian(image, 0x514649fb);
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(4), 3);
        return image;
    }

    private static ImageHeader Probe(byte[] image) => ImageProbe.Probe(new BytesReader(image));

    private static ImageHeader ProbeFile(string path)
    {
        using var reader = new FileReader(path);
        return ImageProbe.Probe(reader);
    }

    private sealed class CountingReader : IImageReader
    {
        public List<(long Offset, int Length)> Reads { get; } = [];

        public int ReadAt(Span<byte> buffer, long offset)
        {
            Reads.Add((offset, buffer.Length));
            buffer.Clear();
            return buffer.Length;
        }
    }
}
