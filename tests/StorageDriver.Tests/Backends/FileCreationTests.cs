using Cistern.Storage.Backends.Files;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;
using Cistern.StorageDriver.Tests.Images;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Tests.Backends;

public sealed class FileCreationTests : IDisposable
{
    private const ulong MiB = 1 << 20;

    private readonly TestPool _pool = new() { RealCommands = true };

    public void Dispose() => _pool.Dispose();

    public static TheoryData<string> FileSystems() => new(Path.GetTempPath(), "/dev/shm");

    [Theory]
    [MemberData(nameof(FileSystems))]
    public async Task A_sparse_raw_volume_takes_no_space(string parent)
    {
        using TestPool pool = new(parent);
        VolumeDefinition volume = await pool.CreateAsync(TestPool.Raw("disk", 10 * MiB));
        FileStatus status = Status(volume);
        Assert.Equal((10L << 20, 0x180u), (status.Size, status.PermissionBits));
        Assert.InRange(status.Blocks, 0, 16);
        Assert.Equal(["disk"], pool.Entries());
    }

    [Theory]
    [MemberData(nameof(FileSystems))]
    public async Task A_fully_allocated_raw_volume_takes_its_space_and_tells_so(string parent)
    {
        using TestPool pool = new(parent);
        JobProgress progress = new();
        VolumeDefinition volume = await pool.CreateAsync(TestPool.Raw("disk", 10 * MiB, 10 * MiB), progress: progress);
        Assert.True(Status(volume).Blocks >= 20480);
        Assert.Equal(10 * MiB, progress.Allocated);
    }

    [Fact]
    public async Task Space_can_be_taken_for_a_part_of_a_volume()
    {
        FileStatus status = Status(await _pool.CreateAsync(TestPool.Raw("disk", 10 * MiB, 2 * MiB)));
        Assert.Equal(10L << 20, status.Size);
        Assert.InRange(status.Blocks, 4096, 4200);
    }

    [Fact]
    public async Task An_allocation_beyond_the_capacity_does_not_make_the_volume_larger() =>
        Assert.Equal(1L << 20, Status(await _pool.CreateAsync(TestPool.Raw("disk", MiB, 2 * MiB))).Size);

    [Fact]
    public async Task Kind_path_and_key_are_completed()
    {
        VolumeDefinition volume = await _pool.CreateAsync(TestPool.Raw("disk", 0));
        Assert.Equal((VolumeKind.File, _pool.Folder["disk"], _pool.Folder["disk"]), (volume.Kind, volume.Key, volume.Target.Path));
    }

    [Fact]
    public async Task Mode_is_as_asked_for_whatever_the_umask()
    {
        VolumeDefinition request = TestPool.Raw("disk", 0);
        VolumeDefinition volume = await _pool.CreateAsync(request with { Target = request.Target with { Permissions = new Permissions(Mode: 0x1B6) } });
        Assert.Equal(0x1B6u, Status(volume).PermissionBits);
    }

    [RootFact]
    public async Task Owner_and_group_are_as_asked_for()
    {
        VolumeDefinition request = TestPool.Raw("disk", 0);
        FileStatus status = Status(
            await _pool.CreateAsync(request with { Target = request.Target with { Permissions = new Permissions(Owner: 1234, Group: 4321) } }));
        Assert.Equal((1234u, 4321u), (status.Owner, status.Group));
    }

    [RootFact]
    public async Task What_the_document_does_not_ask_for_is_inherited_from_that_of_the_pool()
    {
        _pool.Definition = _pool.Definition with
        {
            // What the folder has is not what counts.
            Target = new PoolTarget(_pool.Folder.Path, new Permissions(0x1E8 /* 0750 */, 1234, 4321)) { Permissions = new Permissions(0x1FF, 0, 0) },
        };
        VolumeTarget asked = new() { Permissions = new Permissions(Group: 77) };
        FileStatus file = Status(await _pool.CreateAsync(TestPool.Raw("file", 0) with { Target = asked with { Format = "raw" } }));
        Assert.Equal((0x1A0u /* 0640 */, 1234u, 77u), (file.PermissionBits, file.Owner, file.Group));
        FileStatus image = Status(await _pool.CreateAsync(TestPool.Raw("image", 0) with { Target = asked with { Format = "qcow2" } }));
        Assert.Equal((0x1A0u, 1234u, 77u), (image.PermissionBits, image.Owner, image.Group));
        FileStatus folder = Status(await _pool.CreateAsync(TestPool.Raw("folder", 0) with { Target = new VolumeTarget { Format = "dir" } }));
        Assert.Equal((0x1E8u, 1234u, 4321u), (folder.PermissionBits, folder.Owner, folder.Group));
    }

    [RootFact]
    public async Task A_label_is_set_and_shown_only_where_labels_are_looked_at()
    {
        VolumeDefinition request = TestPool.Raw("disk", 0);
        await _pool.CreateAsync(request with { Target = request.Target with { Permissions = new Permissions(Label: "system_u:object_r:virt_image_t:s0") } });
        ProbeSettings settings = new(_pool.Folder.Path, 0, _pool.Clock) { ReadsLabels = true };
        Assert.Equal("system_u:object_r:virt_image_t:s0", Label(settings));
        Assert.Null(Label(settings with { ReadsLabels = false }));
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("../up")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("bell\a")]
    [InlineData("nul\0")]
    [InlineData(".x.cistern-other-1.part")]
    public async Task A_name_that_cannot_be_a_volumes_is_refused(string name)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => _pool.CreateAsync(TestPool.Raw(name, 0)));
        Assert.Equal((StorageErrorCode.OperationInvalid, StorageErrorDomain.Storage), (error.Code, error.Domain));
        Assert.Empty(_pool.Entries());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_path_that_is_taken_is_refused(bool danglingLink)
    {
        if (danglingLink)
        {
            File.CreateSymbolicLink(_pool.Folder["disk"], "/nowhere");
        }
        else
        {
            _pool.Folder.Write("disk", []);
        }

        StorageException error = await Assert.ThrowsAsync<StorageException>(() => _pool.CreateAsync(TestPool.Raw("disk", 0)));
        Assert.Equal(StorageErrorCode.OperationInvalid, error.Code);
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("dir")]
    [InlineData("vmdk")]
    public async Task A_file_that_appears_while_the_volume_is_made_is_not_replaced(string format)
    {
        VolumeDefinition request = TestPool.Raw("disk", MiB) with { Target = new VolumeTarget { Format = format } };
        VolumeDefinition volume = (await _pool.Backend.AllocateAsync(_pool.Context, request, 0, CancellationToken.None)).Volume!;
        _pool.Folder.Write("disk", "precious"u8);
        StorageException error = await Assert.ThrowsAsync<StorageException>(
            () => _pool.Backend.BuildAsync(_pool.Context, volume, 0, new JobProgress(), CancellationToken.None).AsTask());
        Assert.Equal(StorageErrorCode.OperationInvalid, error.Code);
        Assert.Equal("precious", File.ReadAllText(_pool.Folder["disk"]));
        Assert.Equal(["disk"], _pool.Entries());
        Assert.Empty(_pool.Journal);
    }

    [Fact]
    public async Task A_volume_that_does_not_fit_leaves_nothing()
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => _pool.CreateAsync(TestPool.Raw("disk", 1ul << 50, 1ul << 50)));
        Assert.Equal(StorageErrorCode.SystemError, error.Code);
        Assert.Empty(_pool.Entries());
    }

    [Fact]
    public async Task Cancellation_leaves_nothing()
    {
        using CancellationTokenSource cancellation = new();
        VolumeDefinition volume = (await _pool.Backend.AllocateAsync(_pool.Context, TestPool.Raw("disk", MiB, MiB), 0, CancellationToken.None)).Volume!;
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _pool.Backend.BuildAsync(_pool.Context, volume, 0, new JobProgress(), cancellation.Token).AsTask());
        Assert.Empty(_pool.Entries());
    }

    [Theory]
    [InlineData("raw", 1u, StorageErrorCode.ConfigUnsupported)]
    [InlineData("dir", 1u, StorageErrorCode.ConfigUnsupported)]
    [InlineData("vmdk", 1u, StorageErrorCode.ConfigUnsupported)]
    [InlineData("raw", 8u, StorageErrorCode.InvalidArgument)]
    public async Task Flags_that_the_format_does_not_know_are_refused(string format, uint flags, StorageErrorCode code)
    {
        VolumeDefinition request = TestPool.Raw("disk", MiB) with { Target = new VolumeTarget { Format = format } };
        Assert.Equal(code, (await Assert.ThrowsAsync<StorageException>(() => _pool.CreateAsync(request, flags))).Code);
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("dir")]
    public async Task A_backing_store_needs_an_image_format(string format)
    {
        VolumeDefinition request = TestPool.Raw("disk", MiB) with
        {
            Target = new VolumeTarget { Format = format },
            BackingStore = new BackingStore("/x", "raw"),
        };
        Assert.Equal(StorageErrorCode.NoSupport, (await Assert.ThrowsAsync<StorageException>(() => _pool.CreateAsync(request))).Code);
    }

    [Fact]
    public async Task A_folder_is_made_with_a_volumes_mode()
    {
        VolumeDefinition volume = await _pool.CreateAsync(TestPool.Raw("folder", 0) with { Target = new VolumeTarget { Format = "dir" } });
        Assert.Equal(VolumeKind.Dir, volume.Kind);
        FileStatus status = Status(volume);
        Assert.Equal((FileType.Directory, 0x180u), (status.Type, status.PermissionBits));
    }

    [QemuFact]
    public async Task Another_format_is_made_by_its_tool_and_published_whole()
    {
        _pool.Folder.Write("parent", new byte[4096]);
        VolumeDefinition volume = await _pool.CreateAsync(
            TestPool.Raw("disk", 3 * MiB) with
            {
                Target = new VolumeTarget { Format = "qcow2", Permissions = new Permissions(Mode: 0x1A0) },
                BackingStore = new BackingStore("parent", "raw"),
            });
        Assert.Equal(["disk", "parent"], _pool.Entries());
        Assert.Empty(_pool.Journal);
        Assert.Equal(0x1A0u, Status(volume).PermissionBits);
        VolumeDefinition found = (await _pool.ScanAsync())["disk"].Definition;
        Assert.Equal(("qcow2", 3 * MiB, _pool.Folder["parent"]), (found.Target.Format, found.Capacity, found.BackingStore!.Path));
    }

    [Fact]
    public async Task A_tool_that_fails_leaves_nothing()
    {
        using TestPool pool = new();
        pool.Commands.Answer = command =>
        {
            File.WriteAllText(command.Arguments[^2], "half");
            Assert.Equal([command.Arguments[^2]], pool.Journal);
            return new CommandResult(1, "", "no luck");
        };
        StorageException error = await Assert.ThrowsAsync<StorageException>(
            () => pool.CreateAsync(TestPool.Raw("disk", MiB) with { Target = new VolumeTarget { Format = "vmdk" } }));
        Assert.Equal((StorageErrorCode.InternalError, StorageErrorDomain.None), (error.Code, error.Domain));
        Assert.EndsWith("unexpected exit status 1: no luck", error.Message, StringComparison.Ordinal);
        Assert.Empty(pool.Entries());
        Assert.Empty(pool.Journal);
    }

    [Fact]
    public async Task A_tool_writes_to_a_temporary_name_beside_the_volume()
    {
        using TestPool pool = new();
        pool.Commands.Answer = command =>
        {
            File.WriteAllText(command.Arguments[^2], "image");
            return new CommandResult(0, "", "");
        };
        await pool.CreateAsync(TestPool.Raw("disk", MiB) with { Target = new VolumeTarget { Format = "vmdk" } });
        Assert.Matches(
            $"^qemu-img create -f vmdk {pool.Folder.Path}/\\.disk\\.cistern-test-[0-9a-f]{{32}}\\.part 1024K$",
            Assert.Single(pool.Commands.Lines));
        Assert.Equal("image", File.ReadAllText(pool.Folder["disk"]));
    }

    [Fact]
    public async Task A_backing_file_that_cannot_be_read_is_refused_before_the_tool_runs()
    {
        using TestPool pool = new();
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => pool.CreateAsync(
            TestPool.Raw("disk", MiB) with { Target = new VolumeTarget { Format = "qcow2" }, BackingStore = new BackingStore("none", "raw") }));
        Assert.Equal((StorageErrorCode.SystemError, 2), (error.Code, error.Errno));
        Assert.Empty(pool.Commands.Commands);
    }

    [Fact]
    public async Task The_longest_name_of_a_file_can_be_created_by_a_tool()
    {
        using TestPool pool = new();
        string name = new('x', 255);
        pool.Commands.Answer = command =>
        {
            File.WriteAllText(command.Arguments[^2], "image");
            return new CommandResult(0, "", "");
        };
        await pool.CreateAsync(TestPool.Raw(name, MiB) with { Target = new VolumeTarget { Format = "vmdk" } });
        Assert.Equal([name], pool.Entries());
    }

    [Fact]
    public async Task A_plain_qcow2_image_is_made_without_a_tool()
    {
        using TestPool pool = new();
        VolumeDefinition made = await pool.CreateAsync(TestPool.Raw("disk", MiB) with
        {
            Target = new VolumeTarget { Format = "qcow2", Permissions = new Permissions(Mode: 0x1A0 /* 0640 */) },
        });
        Assert.Empty(pool.Commands.Commands);
        Assert.Equal(["disk"], pool.Entries());
        Assert.Equal(0x1A0u, Status(made).PermissionBits);
        Assert.Equal("QFI"u8.ToArray(), File.ReadAllBytes(pool.Folder["disk"])[..3]);
    }

    [Fact]
    public async Task A_qcow2_image_that_is_to_be_fully_allocated_takes_its_space()
    {
        using TestPool pool = new();
        VolumeDefinition request = TestPool.Raw("disk", 4 * MiB) with { Allocation = 4 * MiB, Target = new VolumeTarget { Format = "qcow2" } };
        VolumeDefinition made = await pool.CreateAsync(request, FileCreation.PreallocateMetadata);
        Assert.True(Status(made).Blocks * 512 >= 4 * (long)MiB);
    }

    private static unsafe string? Label(ProbeSettings settings)
    {
        Assert.Equal(0, FileSystemCalls.Open(settings.Folder, OpenFlags.ReadOnly | OpenFlags.Directory, out SafeFileHandle? folder));
        using (folder)
        {
            using OpenDescriptor descriptor = new(folder!);
            fixed (byte* entry = "disk\0"u8)
            {
                return FileProbe.Describe(settings, descriptor.Number, entry, "disk", known: null)!.Definition.Target.Permissions!.Label;
            }
        }
    }

    private static FileStatus Status(VolumeDefinition volume)
    {
        Assert.Equal(0, FileStatusCalls.Get(volume.Target.Path!, out FileStatus status));
        return status;
    }
}
