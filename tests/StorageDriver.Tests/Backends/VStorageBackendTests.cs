using Cistern.Storage.Backends;
using Cistern.Storage.Backends.VStorage;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Tests.Backends;

/// <summary>The tool is proprietary: what stands in for it says only what libvirt's own use of it tells.</summary>
public sealed class VStorageBackendTests : IDisposable
{
    private readonly FakeMounts _mounts = new();
    private readonly VStorageBackend _backend = new();
    private readonly TestPool _pool;

    public VStorageBackendTests()
    {
        _pool = new TestPool { Kernel = _mounts.Kernel };
        Define(new Permissions(0x1C0, 0, 0));
        _mounts.Set(Target, null);
        _pool.Commands.Answer = command =>
        {
            _mounts.Set(Target, command.Tool == "vstorage-mount" ? "vstorage://cluster" : null);
            return new CommandResult(0, "", "");
        };
    }

    private string Target => _pool.Folder.Path;

    public void Dispose()
    {
        _pool.Dispose();
        _mounts.Dispose();
    }

    [Fact]
    public async Task The_cluster_is_mounted_for_whom_the_document_says()
    {
        Assert.False(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
        _pool.Session = await StartAsync();
        Assert.True(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
        await _backend.StopAsync(_pool.Context, CancellationToken.None);
        Assert.Equal([$"vstorage-mount -c cluster {Target} -m 700 -g root -u root", $"umount {Target}"], _pool.Commands.Lines);
        Assert.All(_pool.Commands.Commands, command => Assert.NotNull(command.Timeout));
    }

    [RootFact]
    public async Task Without_permissions_the_folder_is_the_servers()
    {
        Define(null);
        await StartAsync();
        Assert.Equal($"vstorage-mount -c cluster {Target} -m 711 -g root -u root", _pool.Commands.Lines[0]);
    }

    [Fact]
    public async Task An_owner_without_a_name_cannot_be_told_the_tool()
    {
        Define(new Permissions(null, 4_123_456_789, null));
        StorageException error = await Assert.ThrowsAsync<StorageException>(StartAsync);
        Assert.Equal(StorageErrorCode.SystemError, error.Code);
        Assert.Empty(_pool.Commands.Lines);
    }

    [Fact]
    public async Task Another_cluster_at_the_target_is_left_alone()
    {
        _mounts.Set(Target, "vstorage://other");
        Assert.Equal(StorageErrorCode.OperationInvalid, (await Assert.ThrowsAsync<StorageException>(StartAsync)).Code);
        await _backend.StopAsync(_pool.Context, CancellationToken.None);
        Assert.Empty(_pool.Commands.Lines);
    }

    [Fact]
    public async Task A_failed_mount_tells_what_the_tool_said()
    {
        _pool.Commands.Answer = _ => new CommandResult(255, "", "unknown cluster\n");
        StorageException error = await Assert.ThrowsAsync<StorageException>(StartAsync);
        Assert.EndsWith("exit status 255: unknown cluster", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4u)]
    [InlineData(8u)]
    public async Task Building_takes_no_flags(uint flags)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(
            async () => await _backend.BuildAsync(_pool.Context, flags, CancellationToken.None));
        Assert.Equal(StorageErrorCode.InvalidArgument, error.Code);
    }

    [Fact]
    public async Task Volumes_are_files_of_the_mounted_folder()
    {
        _pool.Session = await StartAsync();
        VolumeDefinition volume = (await _backend.AllocateAsync(_pool.Context, TestPool.Raw("v", 4096), 0, CancellationToken.None)).Volume!;
        await _backend.BuildAsync(_pool.Context, volume, 0, new Cistern.Storage.Pools.JobProgress(), CancellationToken.None);
        Assert.Single((await _backend.RefreshAsync(_pool.Context, CancellationToken.None)).Volumes);
        Assert.Equal(["v"], _pool.Entries());
    }

    private void Define(Permissions? permissions) =>
        _pool.Definition = new PoolDefinition
        {
            Type = PoolType.VStorage,
            Name = "pool",
            Uuid = Guid.NewGuid(),
            Source = new PoolSource { Name = "cluster" },
            Target = new PoolTarget(Target, permissions),
        };

    private async Task<IPoolSession?> StartAsync() => await _backend.StartAsync(_pool.Context, CancellationToken.None);
}
