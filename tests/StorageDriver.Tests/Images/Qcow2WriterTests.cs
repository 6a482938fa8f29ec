using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Images;
using Cistern.Support;

namespace Cistern.StorageDriver.Tests.Images;

public class Qcow2WriterTests
{
    private const ulong MiB = 1024 * 1024;

    private const string Base = "base";

    private static readonly ImageOptions Plain = new() { Path = "/", Format = "qcow2" };

    private static readonly ImageOptions[] Variants =
    [
        Plain,
        Plain with { Compat = "0.10" },
        Plain with { Compat = "1.1", Features = VolumeFeatures.LazyRefcounts },
        Plain with { ClusterSize = 16384, Features = VolumeFeatures.ExtendedL2 },
        Plain with { ClusterSize = 512 },
        Plain with { ClusterSize = 2 * MiB, Features = VolumeFeatures.LazyRefcounts | VolumeFeatures.ExtendedL2 },
        Plain with { BackingPath = Base, BackingFormat = "raw" },
        Plain with { BackingPath = Base, BackingFormat = "raw", Compat = "0.10", ClusterSize = 512 },
    ];

    public static TheoryData<int, ulong, ImagePreallocation> Images()
    {
        var images = new TheoryData<int, ulong, ImagePreallocation>
        {
            { 0, 0, ImagePreallocation.Off },
            { 1, 0, ImagePreallocation.Metadata },
            { 0, 1536, ImagePreallocation.Metadata },
            { 0, (10 * 1024 * MiB) + 512, ImagePreallocation.Metadata },
            { 1, (10 * 1024 * MiB) + 512, ImagePreallocation.Metadata },
            { 3, (1024 * MiB) + 512, ImagePreallocation.Metadata },
            { 4, 5 * MiB, ImagePreallocation.Metadata },
        };
        for (var variant = 0; variant < Variants.Length; variant++)
        {
            images.Add(variant, (3 * 1024 * MiB) + 1, ImagePreallocation.Off);
        }

        return images;
    }

    [QemuTheory]
    [MemberData(nameof(Images))]
    public void An_image_is_what_qemu_img_would_have_made(int variant, ulong capacity, ImagePreallocation preallocation)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder[Base], new byte[1024]);
        var ours = Variants[variant] with { Path = folder["ours"], Capacity = capacity, Preallocation = preallocation };
        var theirs = ours with { Path = folder["theirs"] };

        Write(ours);
        QemuTools.Run("qemu-img", [.. QemuImg.Create(theirs).Arguments]);

        Assert.Equal(QemuTools.Info(theirs.Path), QemuTools.Info(ours.Path));
        QemuTools.Run("qemu-img", "check", "-f", "qcow2", ours.Path);
        Assert.Equal(Probe(theirs.Path), Probe(ours.Path));
    }

    /// <summary>Every compatibility level with every cluster size, in the fast loop with the default one only; see <see cref="Combinations"/>.</summary>
    public static TheoryData<string, int> Levels()
    {
        var isFast = Environment.GetEnvironmentVariable("EXHAUSTIVE") is null;
        var levels = new TheoryData<string, int>();
        foreach (var compat in new[] { "0.10", "1.1" })
        {
            foreach (var clusterSize in isFast ? [65536] : new[] { 512, 4096, 65536, 2 * 1024 * 1024 })
            {
                levels.Add(compat, clusterSize);
            }
        }

        return levels;
    }

    [QemuTheory]
    [MemberData(nameof(Levels))]
    public void Every_combination_of_options_is_what_qemu_img_would_have_made(string compat, int clusterSize)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder[Base], new byte[1024]);
        foreach (var image in Combinations(compat, clusterSize))
        {
            var ours = image with { Path = folder["ours"] };
            var theirs = image with { Path = folder["theirs"] };
            Write(ours);
            QemuTools.Run("qemu-img", [.. QemuImg.Create(theirs).Arguments]);

            Assert.Equal((image, QemuTools.Info(theirs.Path)), (image, QemuTools.Info(ours.Path)));
            QemuTools.Run("qemu-img", "check", "-f", "qcow2", ours.Path);
            File.Delete(ours.Path);
            File.Delete(theirs.Path);
        }
    }

    /// <summary>Features, backing file or preallocation, and capacities: nothing, odd, whole, and the most that the clusters can reach.</summary>
    private static IEnumerable<ImageOptions> Combinations(string compat, int clusterSize)
    {
        foreach (var features in Enum.GetValues<VolumeFeatures>().Append(VolumeFeatures.LazyRefcounts | VolumeFeatures.ExtendedL2))
        {
            var extended = features.HasFlag(VolumeFeatures.ExtendedL2);
            if ((features != VolumeFeatures.None && compat == "0.10") || (extended && clusterSize < 16384))
            {
                continue;
            }

            var plain = Plain with { Compat = compat, ClusterSize = (ulong)clusterSize, Features = features };
            var reach = (ulong)clusterSize * (ulong)clusterSize / (extended ? 16u : 8u);
            var most = Math.Min(reach * 4 * MiB, 1024 * 1024 * 1024 * MiB);
            foreach (var capacity in new[] { 0ul, 1ul, (5 * MiB) + 512, most })
            {
                yield return plain with { Capacity = capacity };
            }

            yield return plain with { Capacity = (3 * MiB) + 1, BackingPath = Base, BackingFormat = "raw" };
            yield return plain with { Capacity = 1536, Preallocation = ImagePreallocation.Metadata };
            yield return plain with { Capacity = (5 * MiB) + 512, Preallocation = ImagePreallocation.Full };
        }
    }

    [QemuTheory]
    [InlineData(0, ImagePreallocation.Off)]
    [InlineData(1, ImagePreallocation.Metadata)]
    [InlineData(3, ImagePreallocation.Metadata)]
    [InlineData(4, ImagePreallocation.Off)]
    [InlineData(6, ImagePreallocation.Off)]
    public void A_guest_reads_zeros_and_what_it_wrote(int variant, ImagePreallocation preallocation)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder[Base], new byte[1024]);
        var image = Variants[variant] with { Path = folder["image"], Capacity = 5 * MiB, Preallocation = preallocation };
        Write(image);

        QemuTools.Run("qemu-io", "-f", "qcow2", "-c", "read -P 0 0 5M", "-c", "write -P 7 1M 3M", "-c", "read -P 7 1M 3M", "-c", "read -P 0 4M 1M", image.Path);
        QemuTools.Run("qemu-img", "check", "-f", "qcow2", image.Path);
    }

    [Fact]
    public void An_image_takes_no_more_than_a_few_blocks()
    {
        using var folder = new TemporaryFolder();
        var image = Plain with { Path = folder["image"], Capacity = 100 * 1024 * MiB };
        Write(image);

        // Header, refcount table, refcount block, and an entry for every 512 MiB.
        Assert.Equal((3 * 65536) + (200 * 8), new FileInfo(image.Path).Length);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(256)]
    [InlineData(4 * 1024 * 1024)]
    public void A_cluster_size_that_is_none_is_refused(ulong clusterSize) => AssertRefused(Plain with { Capacity = MiB, ClusterSize = clusterSize });

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        AssertRefused(Plain with { Capacity = MiB, ClusterSize = 8192, Features = VolumeFeatures.ExtendedL2 });
        AssertRefused(Plain with { Capacity = 1024 * 1024 * MiB, ClusterSize = 512 });
        AssertRefused(Plain with { Capacity = MiB, BackingPath = "/" + new string('a', 1023), BackingFormat = "raw" });
        AssertRefused(Plain with { Capacity = MiB, BackingPath = "/" + new string('a', 400), BackingFormat = "raw", ClusterSize = 512 });
    }

    [Fact]
    public void Only_plain_qcow2_of_a_known_size_can_be_written()
    {
        Assert.True(Qcow2Writer.CanWrite(Plain));
        Assert.False(Qcow2Writer.CanWrite(Plain with { Format = "qed" }));
        Assert.False(Qcow2Writer.CanWrite(Plain with { Encryption = new VolumeEncryption("luks") }));
        Assert.False(Qcow2Writer.CanWrite(Plain with { BackingPath = "/p/base", BackingFormat = "raw" }));
    }

    [Fact]
    public void Writing_stops_when_it_is_cancelled()
    {
        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();

        Assert.Throws<OperationCanceledException>(() => Write(Plain with { Path = folder["image"], Capacity = MiB }, cancellation.Token));
    }

    private static void AssertRefused(ImageOptions image)
    {
        using var folder = new TemporaryFolder();
        var error = Assert.Throws<StorageException>(() => Write(image with { Path = folder["image"] }));
        Assert.Equal(StorageErrorCode.ConfigUnsupported, error.Code);
    }

    private static void Write(ImageOptions image, CancellationToken cancellation = default)
    {
        using var file = File.OpenHandle(image.Path, FileMode.CreateNew, FileAccess.Write);
        Qcow2Writer.Write(file, image, cancellation);
    }

    private static ImageHeader Probe(string path)
    {
        using var reader = new FileReader(path);
        return ImageProbe.Probe(reader);
    }
}
