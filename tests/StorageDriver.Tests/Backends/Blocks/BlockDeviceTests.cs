using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Support;

namespace Cistern.Storage.Tests.Backends.Blocks;

/// <summary>On loop devices.</summary>
public sealed class BlockDeviceTests : IDisposable
{
    private const int MiB = 1024 * 1024;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_not_there_or_no_device_is_no_volume()
    {
        Assert.Null(BlockDevice.Describe(Volume(_folder["none"]), readsLabel: true));
        Assert.Null(BlockDevice.Describe(Volume(_folder.Write("file", [1])), readsLabel: true));
    }

    [Fact]
    public void Only_a_device_is_made_blank()
    {
        string file = _folder.Write("file", [1]);

        var error = Assert.Throws<StorageException>(() => BlockDevice.Blank(file));

        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Equal([1], File.ReadAllBytes(file));
    }

    [LoopDeviceFact]
    public void A_device_tells_its_size_label_and_permissions()
    {
        byte[] content = new byte[3 * MiB];
        (content[0x1FE], content[0x1FF]) = (0x55, 0xAA);
        using LoopDevice device = new(_folder.Write("image", content));

        VolumeDefinition volume = BlockDevice.Describe(Volume(device.Path), readsLabel: true)!;

        Assert.Equal((3 * MiB, 3 * MiB, 3 * MiB), ((int)volume.Capacity, (int)volume.Allocation, (int)volume.Physical));
        Assert.Equal((VolumeKind.Block, "dos"), (volume.Kind, volume.Target.Format));
        Assert.Equal(0u, volume.Target.Permissions!.Owner);
        Assert.Equal(3 * MiB, BlockDevice.Size(device.Path));
    }

    [LoopDeviceFact]
    public void Both_ends_of_a_device_are_made_blank_and_no_more()
    {
        byte[] content = new byte[4 * MiB];
        Array.Fill(content, (byte)7);
        string image = _folder.Write("image", content);
        using (LoopDevice device = new(image))
        {
            BlockDevice.Blank(device.Path);
        }

        byte[] blank = File.ReadAllBytes(image);
        Assert.Equal(new byte[MiB], blank[..MiB]);
        Assert.Equal(new byte[MiB], blank[^MiB..]);
        Assert.Equal(content[MiB..^MiB], blank[MiB..^MiB]);
    }

    private static VolumeDefinition Volume(string path) => new() { Name = "volume", Target = new VolumeTarget { Path = path } };
}
