using Cistern.Storage.Backends.Bridge;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Cistern.StorageDriver.Tests.Images;

namespace Cistern.Storage.Tests.Backends.Bridge;

/// <summary>Volumes that have no path on this host, as the real qemu-img reads and writes them.</summary>
public sealed class VolumeBridgeTests : IDisposable
{
    private const int Block = 65536;
    private const int Size = 64 * Block;

    private readonly TestPool _pool = new() { RealCommands = true };
    private readonly JobProgress _progress = new();

    public void Dispose() => _pool.Dispose();

    [QemuFact]
    public async Task Qemu_sees_size_data_and_holes()
    {
        byte[] data = Data();
        await using VolumeBridge bridge = VolumeBridge.Open(_pool.Context.Host, new MemoryExtents(data, Block), isWritable: false);
        string url = $"nbd+unix:///?socket={bridge.SocketPath}";

        string copy = _pool.Folder["copy"];
        QemuTools.Run("qemu-img", "convert", "-f", "raw", "-O", "raw", url, copy);

        Assert.Equal(data, File.ReadAllBytes(copy));
        Assert.Equal(
            [(0L, (long)Block, false), (Block, 31L * Block, true), (32L * Block, 32L * Block, false)],
            Map(QemuTools.Run("qemu-img", "map", "--output=json", "-f", "raw", url)));
        Assert.Null(bridge.Failure);
    }

    [QemuFact]
    public async Task An_image_file_becomes_a_volume_without_a_path()
    {
        byte[] data = Data();
        VolumeDefinition image = Image(data, "qcow2");
        MemoryExtents volume = new(new byte[Size], Block);
        MemoryBackend backend = new(volume);

        await BlockFillAsync(backend, image, readsZeros: true);

        Assert.Equal(data, volume.Content);
        Assert.Equal([FileAccess.ReadWrite], backend.Opened);
        Assert.DoesNotContain(volume.Written, piece => piece.Offset is > Block and < 31 * Block);
        Assert.True(volume.Flushed);
        Assert.Empty(_pool.Journal);
    }

    [QemuFact]
    public async Task What_was_there_before_is_written_over()
    {
        byte[] data = Data();
        MemoryExtents volume = new([.. Enumerable.Repeat((byte)0xee, Size)], Block);

        await BlockFillAsync(new MemoryBackend(volume), Image(data, "qcow2"), readsZeros: false);

        Assert.Equal(data, volume.Content);
    }

    [QemuFact]
    public async Task A_volume_without_a_path_becomes_an_image_file()
    {
        byte[] data = Data();
        MemoryBackend backend = new(new MemoryExtents(data, Block));
        VolumeDefinition request = await RequestAsync("qcow2");

        await _pool.Backend.BuildFromAsync(_pool.Context, request, Source(backend), 0, _progress, default);

        string plain = _pool.Folder["plain"];
        QemuTools.Run("qemu-img", "convert", "-f", "qcow2", "-O", "raw", request.Target.Path!, plain);
        Assert.Equal(data, File.ReadAllBytes(plain));
        Assert.True(new FileInfo(request.Target.Path!).Length < Size * 3 / 4, "the hole has been copied");
        Assert.Equal([FileAccess.Read], backend.Opened);
        Assert.Empty(_pool.Journal);
    }

    [QemuFact]
    public async Task An_image_in_a_volume_without_a_path_is_read_as_what_it_is()
    {
        byte[] data = Data();
        byte[] inside = File.ReadAllBytes(Image(data, "qcow2").Target.Path!);
        MemoryBackend backend = new(new MemoryExtents(inside, Block));
        VolumeDefinition request = await RequestAsync("raw");

        await _pool.Backend.BuildFromAsync(_pool.Context, request, Source(backend, "qcow2"), 0, _progress, default);

        Assert.Equal(data, File.ReadAllBytes(request.Target.Path!));
    }

    [QemuTheory]
    [InlineData("secret")]
    [InlineData(null)]
    public async Task An_image_elsewhere_that_names_files_of_this_host_is_refused(string? backing)
    {
        string secret = _pool.Folder.Write("secret", new byte[Size]);
        string image = _pool.Folder["image"];
        string[] layers = backing is null ? ["-o", $"data_file={_pool.Folder["data"]},data_file_raw=on"] : ["-F", "raw", "-b", secret];
        QemuTools.Run("qemu-img", ["create", "-q", "-f", "qcow2", .. layers, image, Size.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        MemoryBackend backend = new(new MemoryExtents(File.ReadAllBytes(image), Block));
        VolumeDefinition request = await RequestAsync("raw");

        var error = await Assert.ThrowsAsync<StorageException>(
            () => _pool.Backend.BuildFromAsync(_pool.Context, request, Source(backend, "qcow2"), 0, _progress, default).AsTask());

        Assert.Equal(StorageErrorCode.ConfigUnsupported, error.Code);
        Assert.False(File.Exists(request.Target.Path));
    }

    [QemuFact]
    public async Task A_volume_that_fails_says_why_and_not_the_tool()
    {
        MemoryExtents full = new(new byte[Size], Block) { FailWritesWith = StorageErrors.System(28, "the cluster is full") };

        var error = await Assert.ThrowsAsync<StorageException>(
            () => BlockFillAsync(new MemoryBackend(full), Image(Data(), "qcow2"), readsZeros: true));

        Assert.Equal(28, error.Errno);
        Assert.Contains("the cluster is full", error.Message, StringComparison.Ordinal);
        Assert.Empty(_pool.Journal);
    }

    [QemuFact]
    public async Task A_volume_without_a_path_cannot_be_encrypted()
    {
        VolumeDefinition volume = MemoryBackend.Volume(Size);
        volume = volume with
        {
            Target = volume.Target with { Encryption = new VolumeEncryption("luks") { Secrets = [new("passphrase", new SecretReference(Guid.NewGuid(), null))] } },
        };
        MemoryBackend backend = new(new MemoryExtents(new byte[Size], Block));

        var error = await Assert.ThrowsAsync<StorageException>(() => ImageCreation.ConvertOntoAsync(
            backend, _pool.Context, volume, new VolumeSource(_pool.Backend, _pool.Context, Image(Data(), "raw")), readsZeros: true, default).AsTask());

        Assert.Equal(StorageErrorCode.ConfigUnsupported, error.Code);
    }

    private Task BlockFillAsync(MemoryBackend backend, VolumeDefinition image, bool readsZeros) =>
        ImageCreation.ConvertOntoAsync(
            backend,
            _pool.Context,
            MemoryBackend.Volume(Size),
            new VolumeSource(_pool.Backend, _pool.Context, image),
            readsZeros,
            default).AsTask();

    private VolumeSource Source(MemoryBackend backend, string format = "raw") =>
        new(backend, _pool.Context, MemoryBackend.Volume(Size, format));

    private async Task<VolumeDefinition> RequestAsync(string format)
    {
        VolumeDefinition request = new() { Name = $"new.{format}", Capacity = Size, Target = new VolumeTarget { Format = format } };
        return (await _pool.Backend.AllocateAsync(_pool.Context, request, 0, default)).Volume!;
    }

    /// <summary>A file of the pool with that content.</summary>
    private VolumeDefinition Image(byte[] content, string format)
    {
        string plain = _pool.Folder.Write("content", content);
        string path = _pool.Folder["source"];
        QemuTools.Run("qemu-img", "convert", "-f", "raw", "-O", format, plain, path);
        return new VolumeDefinition { Name = "source", Capacity = Size, Target = new VolumeTarget { Path = path, Format = format } };
    }

    private static IEnumerable<(long Start, long Length, bool IsHole)> Map(string json) =>
        System.Text.Json.Nodes.JsonNode.Parse(json)!.AsArray().Select(
            range => ((long)range!["start"]!, (long)range["length"]!, !(bool)range["data"]! && (bool)range["zero"]!));

    /// <summary>A block of data, a hole, and data in the second half.</summary>
    private static byte[] Data()
    {
        byte[] data = [.. Enumerable.Range(0, Size).Select(value => (byte)((value % 251) + 1))];
        data.AsSpan(Block, 31 * Block).Clear();
        return data;
    }
}
