using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Fs;
using Cistern.Storage.Backends.Mounts;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Cistern.Support;

namespace Cistern.Storage.Tests.Backends;

/// <summary>The mount is what a captured mount table says; the folder is a real one.</summary>
public sealed class FsBackendTests : IDisposable
{
    private static readonly CommandResult Fine = new(0, "", "");

    private readonly FakeMounts _mounts = new();
    private readonly FsBackend _backend = new();
    private readonly TestPool _pool;
    private readonly string _device;

    public FsBackendTests()
    {
        _pool = new TestPool { Kernel = _mounts.Kernel };
        _device = _mounts.Folder.Write("device", new byte[65536]);
        Source("ext4", _device);
        _pool.Commands.Answer = command =>
        {
            Mounted(command.Tool == "mount" ? _device : null);
            return Fine;
        };
    }

    private string Target => _pool.Folder.Path;

    public void Dispose()
    {
        _pool.Dispose();
        _mounts.Dispose();
    }

    [Theory]
    [InlineData("ext2", "mkfs -t ext2 -F /dev/x")]
    [InlineData("ext3", "mkfs -t ext3 -F /dev/x")]
    [InlineData("ext4", "mkfs -t ext4 -F /dev/x")]
    [InlineData("xfs", "mkfs -t xfs -f /dev/x")]
    [InlineData("btrfs", "mkfs -t btrfs -f /dev/x")]
    [InlineData("vfat", "mkfs -t vfat -I /dev/x")]
    [InlineData("gfs2", "mkfs -t gfs2 /dev/x")]
    [InlineData("auto", "mkfs -t auto /dev/x")]
    public void Making_a_file_system_overwrites_in_the_way_of_each_format(string format, string line)
    {
        Source(format, "/dev/x");
        Assert.Equal(line, Line(FsCommands.Make(_pool.Definition)));
    }

    [Fact]
    public void Options_of_the_document_stand_behind_the_safe_ones()
    {
        _pool.Definition = _pool.Definition with { MountOptions = ["sync", "exec"], Target = new PoolTarget("/a b") };
        Source("auto", "/dev/x");
        Assert.Equal("mount -o nodev,nosuid,noexec,sync,exec -t auto /dev/x /a b", Line(FsCommands.Mount(_pool.Definition)));
        Assert.Equal("umount /a b", Line(FsCommands.Unmount(_pool.Definition)));
    }

    [Fact]
    public async Task Starting_mounts_and_stopping_unmounts()
    {
        Mounted(null);
        Assert.False(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
        await StartAsync();
        Assert.True(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
        await StopAsync();
        Assert.Equal([$"mount -o nodev,nosuid,noexec -t ext4 {_device} {Target}", $"umount {Target}"], _pool.Commands.Lines);
        await StopAsync();
        Assert.Equal(2, _pool.Commands.Lines.Count);
    }

    [Fact]
    public async Task A_source_that_is_mounted_already_is_taken_up_by_whatever_name()
    {
        string link = _mounts.Folder["link"];
        File.CreateSymbolicLink(link, _device);
        Mounted(link);
        await StartAsync();
        await ((IPoolActivation)_backend).ResumeAsync(_pool.Context, CancellationToken.None);
        Assert.Empty(_pool.Commands.Lines);
    }

    [Fact]
    public async Task A_loop_device_on_the_source_is_the_source()
    {
        Directory.CreateDirectory(_mounts.Folder["block/loop7/loop"]);
        _mounts.Folder.Write("block/loop7/loop/backing_file", System.Text.Encoding.UTF8.GetBytes(_device + "\n"));
        Mounted("/dev/loop7");
        Assert.True(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
        Mounted("/dev/loop8");
        Assert.False(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
    }

    [Fact]
    public async Task Another_source_at_the_target_is_left_alone()
    {
        Mounted("/dev/other one");
        StorageException error = await FailsAsync(StartAsync, StorageErrorCode.OperationInvalid);
        Assert.Contains("/dev/other one", error.Message, StringComparison.Ordinal);
        await StopAsync();
        Assert.Empty(_pool.Commands.Lines);
    }

    [Fact]
    public async Task A_failed_mount_tells_what_the_tool_said_and_leaves_nothing()
    {
        Mounted(null);
        _pool.Commands.Answer = _ => new CommandResult(32, "", "mount: wrong fs type\n");
        StorageException error = await FailsAsync(StartAsync, StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.EndsWith("exit status 32: mount: wrong fs type", error.Message, StringComparison.Ordinal);
        Assert.Single(_pool.Commands.Lines);
    }

    [Fact]
    public async Task What_a_failed_mount_mounted_all_the_same_is_unmounted()
    {
        Mounted(null);
        _pool.Commands.Answer = command =>
        {
            Mounted(command.Tool == "mount" ? _device : null);
            return command.Tool == "mount" ? throw StorageErrors.CommandTimedOut("mount", TimeSpan.FromSeconds(1)) : Fine;
        };
        await FailsAsync(StartAsync, StorageErrorCode.OperationTimeout);
        Assert.Equal($"umount {Target}", _pool.Commands.Lines[^1]);
    }

    [Fact]
    public async Task A_mount_that_did_nothing_is_a_failure()
    {
        Mounted(null);
        _pool.Commands.Answer = _ => Fine;
        await FailsAsync(StartAsync, StorageErrorCode.SystemError);
    }

    [Fact]
    public async Task A_file_system_in_use_is_not_unmounted()
    {
        Mounted(_device);
        _pool.Commands.Answer = _ => new CommandResult(32, "", "umount: target is busy.\n");
        StorageException error = await FailsAsync(StopAsync, StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.EndsWith("exit status 32: umount: target is busy.", error.Message, StringComparison.Ordinal);
        Assert.True(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
    }

    [Fact]
    public async Task Missing_tools_are_named()
    {
        Mounted(null);
        using TestPool bare = new() { Tools = new HostTools([_mounts.Folder.Path]), RealCommands = true, Kernel = _pool.Kernel, Definition = _pool.Definition };
        StorageException error = await FailsAsync(
            async () => await _backend.StartAsync(bare.Context, CancellationToken.None), StorageErrorCode.InternalError);
        Assert.Contains("'mount'", error.Message, StringComparison.Ordinal);
        error = await FailsAsync(
            async () => await ((IPoolProvisioning)_backend).BuildAsync(bare.Context, 8, CancellationToken.None), StorageErrorCode.InternalError);
        Assert.Contains("'mkfs'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-a", StorageErrorCode.InvalidArgument)]
    [InlineData("LABEL=x", StorageErrorCode.InvalidArgument)]
    public async Task A_source_that_is_no_absolute_path_never_reaches_a_tool(string source, StorageErrorCode code)
    {
        Mounted(null);
        Source("ext4", source);
        await FailsAsync(StartAsync, code);
        await FailsAsync(() => BuildAsync(8), code);
        Assert.Empty(_pool.Commands.Lines);
    }

    [Fact]
    public async Task Two_source_devices_are_one_too_many()
    {
        Source("ext4", _device, "/dev/y");
        await FailsAsync(StartAsync, StorageErrorCode.ConfigUnsupported);
    }

    /// <summary>The folder beneath has a file of the volume's name. A link that is turned stands for the mount that goes and comes.</summary>
    [Fact]
    public async Task Without_its_mount_a_running_pool_is_neither_read_nor_written_and_with_it_again_it_is()
    {
        using TemporaryFolder beneath = new("/dev/shm");
        string file = beneath.Write("v", [1]);
        string target = _mounts.Folder["target"];
        _pool.Definition = _pool.Definition with { Target = new PoolTarget(target) };
        Turn(target, Target);
        Mounted(_device);
        _pool.Session = await StartAsync();
        PoolContext context = _pool.Context;
        VolumeDefinition volume = (await _backend.AllocateAsync(context, TestPool.Raw("v", 4096), 0, CancellationToken.None)).Volume!;
        await _backend.BuildAsync(context, volume, 0, new JobProgress(), CancellationToken.None);

        Turn(target, beneath.Path);
        Func<Task>[] uses =
        [
            async () => await _backend.RefreshAsync(context, CancellationToken.None),
            async () => await _backend.WatchAsync(context, new NoChanges(), CancellationToken.None),
            async () => await _backend.GetNumbersAsync(context, CancellationToken.None),
            async () => await _backend.FindVolumeAsync(context, "v", CancellationToken.None),
            async () => await _backend.RefreshVolumeAsync(context, volume, CancellationToken.None),
            async () => await _backend.AllocateAsync(context, TestPool.Raw("w", 4096), 0, CancellationToken.None),
            async () => await _backend.BuildAsync(context, TestPool.Raw("w", 4096), 0, new JobProgress(), CancellationToken.None),
            async () => await ((IVolumeDeletion)_backend).DeleteAsync(context, volume, 0, CancellationToken.None),
            async () => await _backend.ResizeAsync(context, volume, 8192, 0, CancellationToken.None),
            async () => await _backend.OpenAsync(context, volume, FileAccess.Read, CancellationToken.None),
            async () => await _backend.WipeAsync(context, volume, 0, new JobProgress(), CancellationToken.None),
        ];
        foreach (Func<Task> use in uses)
        {
            StorageException error = await FailsAsync(use, StorageErrorCode.SystemError);
            Assert.Contains("is not mounted", error.Message, StringComparison.Ordinal);
            Assert.False(((MountSession)_pool.Session!).IsLocal);
        }

        Assert.Equal([1], File.ReadAllBytes(file));
        Turn(target, Target);
        Assert.Single((await _backend.RefreshAsync(context, CancellationToken.None)).Volumes);
    }

    [Fact]
    public async Task Building_without_flags_only_makes_the_folder()
    {
        await BuildAsync(0);
        Assert.True(Directory.Exists(_pool.Definition.Target!.Path));
        Assert.Empty(_pool.Commands.Lines);
    }

    [Theory]
    [InlineData(12u)]
    [InlineData(1u)]
    [InlineData(16u)]
    public async Task Flags_of_building_are_refused(uint flags)
    {
        _pool.Definition = _pool.Definition with { Target = new PoolTarget(_pool.Folder["new"]) };
        await FailsAsync(() => BuildAsync(flags), StorageErrorCode.InvalidArgument);
        Assert.Empty(_pool.Entries());
    }

    [Theory]
    [InlineData(4u)]
    [InlineData(8u)]
    public async Task A_device_that_is_not_there_is_not_formatted(uint flags)
    {
        Source("ext4", "/dev/nosuch");
        await FailsAsync(() => BuildAsync(flags), StorageErrorCode.OperationInvalid);
        Assert.Empty(_pool.Commands.Lines);
    }

    [Fact]
    public async Task Only_an_empty_device_is_formatted_unless_it_may_be_overwritten()
    {
        await BuildAsync(4);
        Assert.Equal([$"mkfs -t ext4 -F {_device}"], _pool.Commands.Lines);
        byte[] content = new byte[1 << 20];
        "LUKS"u8.CopyTo(content);
        (content[4], content[5], content[7]) = (0xBA, 0xBE, 1);
        File.WriteAllBytes(_device, content);
        StorageException error = await FailsAsync(() => BuildAsync(4), StorageErrorCode.StoragePoolBuilt);
        Assert.Contains("'crypto_LUKS'", error.Message, StringComparison.Ordinal);
        Assert.Single(_pool.Commands.Lines);
        await BuildAsync(8);
        Assert.Equal(2, _pool.Commands.Lines.Count);
    }

    [Fact]
    public async Task A_partition_table_is_content_too()
    {
        byte[] content = new byte[1 << 20];
        byte[] partition = [0, 0, 2, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 100, 0, 0, 0];
        partition.CopyTo(content, 446);
        (content[510], content[511]) = (0x55, 0xAA);
        File.WriteAllBytes(_device, content);
        Assert.Contains("'dos'", (await FailsAsync(() => BuildAsync(4), StorageErrorCode.StoragePoolBuilt)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_cannot_be_probed_is_not_formatted()
    {
        Source("ext4", Target);
        await FailsAsync(() => BuildAsync(4), StorageErrorCode.StorageProbeFailed);
        Assert.Empty(_pool.Commands.Lines);
    }

    [Fact]
    public async Task A_failed_format_tells_what_the_tool_said()
    {
        _pool.Commands.Answer = _ => new CommandResult(1, "", "mkfs: failed to execute mkfs.auto\n");
        StorageException error = await FailsAsync(() => BuildAsync(8), StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.EndsWith("exit status 1: mkfs: failed to execute mkfs.auto", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deleting_removes_the_empty_folder_only()
    {
        await FailsAsync(() => DeleteAsync(1), StorageErrorCode.InvalidArgument);
        _pool.Definition = _pool.Definition with { Target = new PoolTarget(_pool.Folder["new"]) };
        await BuildAsync(0);
        await DeleteAsync(0);
        Assert.Empty(_pool.Entries());
        Assert.Empty(_pool.Commands.Lines);
    }

    private static string Line(Command command) => string.Join(' ', command.Arguments.Prepend(command.Tool));

    private static async Task<StorageException> FailsAsync(
        Func<Task> work, StorageErrorCode code, StorageErrorDomain domain = StorageErrorDomain.Storage)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(work);
        Assert.Equal((code, domain), (error.Code, error.Domain));
        return error;
    }

    private static void Turn(string link, string folder)
    {
        File.Delete(link);
        File.CreateSymbolicLink(link, folder);
    }

    private void Source(string format, params string[] devices) =>
        _pool.Definition = _pool.Definition with
        {
            Type = PoolType.Fs,
            Source = new PoolSource { Format = format, Devices = [.. devices.Select(device => new SourceDevice(device))] },
        };

    /// <summary>Has the kernel say what is mounted at the pool's folder; null: nothing.</summary>
    private void Mounted(string? source) => _mounts.Set(Target, source);

    private async Task<IPoolSession?> StartAsync() => await _backend.StartAsync(_pool.Context, CancellationToken.None);

    private Task StopAsync() => _backend.StopAsync(_pool.Context, CancellationToken.None).AsTask();

    private Task BuildAsync(uint flags) => ((IPoolProvisioning)_backend).BuildAsync(_pool.Context, flags, CancellationToken.None).AsTask();

    private Task DeleteAsync(uint flags) => ((IPoolProvisioning)_backend).DeleteAsync(_pool.Context, flags, CancellationToken.None).AsTask();

    private sealed class NoChanges : IPoolChanges
    {
        public void Changed(string name)
        {
        }

        public void Missed()
        {
        }

        public void Gone()
        {
        }
    }
}
