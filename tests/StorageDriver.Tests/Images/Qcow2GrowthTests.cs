using System.Buffers.Binary;
using Cistern.Storage.Definitions;
using Cistern.Storage.Images;
using Cistern.Support;

namespace Cistern.Storage.Tests.Images;

public sealed class Qcow2GrowthTests : IDisposable
{
    private const ulong MiB = 1 << 20;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(64, 128, "1.1", 0, VolumeFeatures.None)]
    [InlineData(64, 4096, "0.10", 0, VolumeFeatures.None)]
    [InlineData(600, 1 << 20, "1.1", 0, VolumeFeatures.None)]
    [InlineData(64, 900, "1.1", 4096, VolumeFeatures.None)]
    [InlineData(64, 900, "1.1", 32768, VolumeFeatures.ExtendedL2)]
    [InlineData(64, 64, "1.1", 0, VolumeFeatures.LazyRefcounts)]
    public void A_grown_image_is_one_of_its_new_size(int before, int after, string compat, int clusterSize, VolumeFeatures features)
    {
        string path = Write((ulong)before * MiB, compat, clusterSize, features);
        byte[] content = File.ReadAllBytes(path);
        Qcow2Growth growth = Qcow2Growth.Plan(content.AsSpan(0, 104), (ulong)after * MiB, out _)!;
        byte[] grown = new byte[Math.Max(content.Length, growth.TableOffset + growth.TableLength)];
        content.CopyTo(grown, 0);
        growth.Header.CopyTo(grown, Qcow2Growth.HeaderOffset);

        byte[] made = File.ReadAllBytes(Write((ulong)after * MiB, compat, clusterSize, features));
        Assert.Equal(made, grown);
    }

    [Theory]
    [InlineData(0, 0u, "no qcow2")]
    [InlineData(4, 4u, "no qcow2")]
    [InlineData(60, 1u, "snapshots")]
    [InlineData(76, 1u, "in use or damaged")]
    [InlineData(76, 2u, "in use or damaged")]
    [InlineData(76, 4u, "in use or damaged")]
    [InlineData(20, 40u, "in use or damaged")]
    [InlineData(36, 0u, "no room")]
    public void What_is_not_understood_does_not_grow(int field, uint value, string why)
    {
        byte[] header = File.ReadAllBytes(Write(64 * MiB, "1.1", 0, VolumeFeatures.None))[..104];
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(field), value);
        Assert.Null(Qcow2Growth.Plan(header, 128 * MiB, out string reason));
        Assert.Contains(why, reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(63ul, "only grow")]
    [InlineData(1ul << 30, "no room")]
    public void A_table_has_its_limits(ulong capacity, string why)
    {
        byte[] header = File.ReadAllBytes(Write(64 * MiB, "1.1", 0, VolumeFeatures.None))[..104];
        Assert.Null(Qcow2Growth.Plan(header, capacity * MiB, out string reason));
        Assert.Contains(why, reason, StringComparison.Ordinal);
    }

    private string Write(ulong capacity, string compat, int clusterSize, VolumeFeatures features)
    {
        string path = _folder[Guid.NewGuid().ToString("N")];
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
        ImageOptions image = new() { Path = path, Format = "qcow2", Capacity = capacity, Compat = compat, ClusterSize = (ulong)clusterSize, Features = features };
        Qcow2Writer.Write(file, image, CancellationToken.None);
        return path;
    }
}
