using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;
using Cistern.Storage.Pools;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Tests.Backends;

/// <summary>Which copies of images are made byte by byte, and which by the tool.</summary>
public sealed class ImageCloneTests : IDisposable
{
    private const int MiB = 1 << 20;

    private static readonly ImageOptions Asked = new() { Path = "/p/copy", Format = "qcow2", Capacity = 8 * MiB };

    private static readonly ImageHeader There = new("qcow2") { Capacity = 8 * MiB, Compat = "1.1", ClusterSize = 65536, Features = VolumeFeatures.None };

    private readonly TestPool _pool = new();

    public ImageCloneTests() => _pool.Commands.Answer = command =>
    {
        File.WriteAllText(command.Arguments[^1], "converted");
        return new CommandResult(0, "", "");
    };

    public void Dispose() => _pool.Dispose();

    [Fact]
    public void An_image_of_the_same_options_is_what_is_asked_for()
    {
        Assert.True(FileClone.IsAlreadyThere(Asked, There));
        Assert.True(FileClone.IsAlreadyThere(Asked with { Compat = "0.10" }, There with { Compat = null, Features = null }));
        Assert.True(FileClone.IsAlreadyThere(
            Asked with { ClusterSize = 16384, Features = VolumeFeatures.ExtendedL2 }, There with { ClusterSize = 16384, Features = VolumeFeatures.ExtendedL2 }));
    }

    [Fact]
    public void An_image_of_any_other_options_is_not()
    {
        ImageOptions[] otherwise =
        [
            Asked with { Format = "qed" },
            Asked with { Capacity = (8 * MiB) + 512 },
            Asked with { Compat = "0.10" },
            Asked with { ClusterSize = 32768 },
            Asked with { Features = VolumeFeatures.LazyRefcounts },
            Asked with { BackingPath = "/p/base", BackingFormat = "raw" },
            Asked with { Preallocation = ImagePreallocation.Metadata },
            Asked with { NoCow = true },
            Asked with { Encryption = new VolumeEncryption("luks") },
        ];
        Assert.All(otherwise, image => Assert.False(FileClone.IsAlreadyThere(image, There)));
        ImageHeader[] other =
        [
            There with { Format = "qcow" },
            There with { Capacity = null },
            There with { BackingPath = "/p/base" },
            There with { Encryption = "luks" },
            There with { Compat = null },
            There with { Features = VolumeFeatures.LazyRefcounts },
            .. Enum.GetValues<Qcow2State>().Where(state => state != Qcow2State.None).Select(state => There with { State = state }),
        ];
        Assert.All(other, header => Assert.False(FileClone.IsAlreadyThere(Asked, header)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8 * MiB)]
    public async Task An_equal_image_is_copied_without_a_tool(int allocation)
    {
        VolumeDefinition source = Image("source", 8 * MiB);
        VolumeDefinition copy = await CloneAsync(source, Qcow2("copy", 8 * MiB) with { Allocation = (ulong)allocation });
        Assert.Equal(File.ReadAllBytes(source.Target.Path!), File.ReadAllBytes(copy.Target.Path!));
        Assert.Empty(_pool.Commands.Lines);
        Assert.Equal(["copy", "source"], _pool.Entries());
    }

    [Fact]
    public async Task What_an_image_does_not_hold_stays_a_hole()
    {
        VolumeDefinition source = Image("source", 64 * MiB, 2 * MiB);
        VolumeDefinition request = Qcow2("copy", 64 * MiB);
        VolumeDefinition copy = await CloneAsync(
            source, request with { Allocation = 64 * MiB, Target = request.Target with { ClusterSize = 2 * MiB } });
        Assert.Equal(0, FileStatusCalls.Get(copy.Target.Path!, out FileStatus status));
        Assert.True(status.Size > 6 * MiB);
        Assert.InRange(status.Blocks, 1, 4096);
    }

    [Fact]
    public async Task Another_image_is_converted()
    {
        VolumeDefinition source = Image("source", 8 * MiB);
        VolumeDefinition copy = await CloneAsync(source, Qcow2("copy", 16 * MiB));
        Assert.Matches("^qemu-img convert -f qcow2 -O qcow2 -o compat=1.1 [^ ]+/source [^ ]+part$", Assert.Single(_pool.Commands.Lines));
        Assert.Equal("converted", File.ReadAllText(copy.Target.Path!));
    }

    [Fact]
    public async Task Blocks_are_shared_or_refused_never_converted()
    {
        VolumeDefinition source = Image("source", 8 * MiB);
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => CloneAsync(source, Qcow2("copy", 16 * MiB), FileCreation.Reflink));
        Assert.Equal((StorageErrorCode.InvalidArgument, StorageErrorDomain.Storage), (error.Code, error.Domain));
        error = await Assert.ThrowsAsync<StorageException>(() => CloneAsync(source, TestPool.Raw("copy", 8 * MiB), FileCreation.Reflink));
        Assert.Equal(StorageErrorCode.InvalidArgument, error.Code);
        Assert.Empty(_pool.Commands.Lines);
        Assert.Equal(["source"], _pool.Entries());
    }

    [Fact]
    public async Task An_image_on_a_loop_of_images_is_not_converted()
    {
        VolumeDefinition source = Image("source", 8 * MiB, backing: "source");
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => CloneAsync(source, TestPool.Raw("copy", 8 * MiB)));
        Assert.Equal(StorageErrorCode.InternalError, error.Code);
        Assert.Empty(_pool.Commands.Lines);
    }

    [Fact]
    public async Task What_a_tool_has_written_so_far_is_told()
    {
        StalledTool tool = new();
        using TestPool pool = new() { Runner = tool };
        VolumeDefinition request = TestPool.Raw("disk", 8 * MiB) with { Target = new VolumeTarget { Format = "vmdk" } };
        VolumeDefinition volume = (await pool.Backend.AllocateAsync(pool.Context, request, 0, CancellationToken.None)).Volume!;
        JobProgress progress = new();
        Task building = pool.Backend.BuildAsync(pool.Context, volume, 0, progress, CancellationToken.None).AsTask();
        while (progress.Allocated < MiB && !building.IsCompleted)
        {
            await Task.Delay(10);
        }

        tool.End();
        await building;
        Assert.InRange(progress.Allocated, 1ul * MiB, 2ul * MiB);
    }

    private static VolumeDefinition Qcow2(string name, ulong capacity) =>
        TestPool.Raw(name, capacity) with { Target = new VolumeTarget { Format = "qcow2" } };

    private VolumeDefinition Image(string name, ulong capacity, ulong clusterSize = 0, string? backing = null)
    {
        using SafeFileHandle file = File.OpenHandle(_pool.Folder[name], FileMode.Create, FileAccess.Write);
        ImageOptions image = Asked with
        {
            Capacity = capacity,
            ClusterSize = clusterSize,
            Path = _pool.Folder[name],
            BackingPath = backing,
            BackingFormat = backing is null ? null : "qcow2",
        };
        Qcow2Writer.Write(file, image, CancellationToken.None);
        return Qcow2(name, capacity) with { Target = new VolumeTarget { Format = "qcow2", Path = _pool.Folder[name] } };
    }

    private async Task<VolumeDefinition> CloneAsync(VolumeDefinition source, VolumeDefinition request, uint flags = 0)
    {
        VolumeDefinition copy = (await _pool.Backend.AllocateAsync(_pool.Context, request, flags, CancellationToken.None)).Volume!;
        await _pool.Backend.BuildFromAsync(
            _pool.Context, copy, new VolumeSource(_pool.Backend, _pool.Context, source), flags, new JobProgress(), CancellationToken.None);
        return copy;
    }

    /// <summary>Writes a MiB and then stands still.</summary>
    private sealed class StalledTool : ICommandRunner
    {
        private readonly TaskCompletionSource _end = new();

        public void End() => _end.SetResult();

        public async Task<CommandResult> RunAsync(Command command, CancellationToken cancellation)
        {
            byte[] data = new byte[MiB];
            data.AsSpan().Fill(1);
            await File.WriteAllBytesAsync(command.Arguments[^2], data, cancellation);
            await _end.Task;
            return new CommandResult(0, "", "");
        }
    }
}
