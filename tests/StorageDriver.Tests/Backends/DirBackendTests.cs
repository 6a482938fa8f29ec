using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Tests.Backends;

public sealed class DirBackendTests : IDisposable
{
    private readonly TestPool _pool = new();

    public void Dispose() => _pool.Dispose();

    [Fact]
    public async Task Building_makes_the_folder_and_what_leads_to_it()
    {
        Target("a/b/pool");
        await BuildAsync();
        Assert.Equal(0x1C9u, Mode("a/b/pool"));
        Assert.True(Directory.Exists(_pool.Folder["a/b"]));
    }

    [Fact]
    public async Task A_new_folder_gets_the_mode_of_the_document()
    {
        Target("pool", new Permissions(Mode: 0x1FF));
        await BuildAsync();
        Assert.Equal(0x1FFu, Mode("pool"));
    }

    [Fact]
    public async Task An_existing_folder_keeps_its_mode_unless_one_is_given()
    {
        Directory.CreateDirectory(_pool.Folder["pool"], UnixFileMode.UserRead);
        Target("pool");
        await BuildAsync();
        Assert.Equal(0x100u, Mode("pool"));
        Target("pool", new Permissions(Mode: 0x1C0));
        await BuildAsync();
        Assert.Equal(0x1C0u, Mode("pool"));
    }

    [RootFact]
    public async Task The_folder_gets_the_owner_of_the_document()
    {
        Target("pool", new Permissions(Owner: 1234, Group: 4321));
        await BuildAsync();
        FileStatusCalls.Get(_pool.Folder["pool"], out FileStatus status);
        Assert.Equal((1234u, 4321u, 0x1C9u), (status.Owner, status.Group, status.PermissionBits));
    }

    [Theory]
    [InlineData(4u, StorageErrorCode.OperationInvalid)]
    [InlineData(8u, StorageErrorCode.OperationInvalid)]
    [InlineData(12u, StorageErrorCode.InvalidArgument)]
    [InlineData(1u, StorageErrorCode.InvalidArgument)]
    [InlineData(16u, StorageErrorCode.InvalidArgument)]
    public async Task Flags_of_building_are_refused_and_nothing_is_made(uint flags, StorageErrorCode code)
    {
        Target("pool");
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => BuildAsync(flags));
        Assert.Equal((code, StorageErrorDomain.Storage), (error.Code, error.Domain));
        Assert.Empty(_pool.Entries());
    }

    [Fact]
    public async Task A_relative_path_cannot_be_built()
    {
        _pool.Definition = _pool.Definition with { Target = new PoolTarget("some/where") };
        Assert.Equal(StorageErrorCode.InvalidArgument, (await Assert.ThrowsAsync<StorageException>(() => BuildAsync())).Code);
    }

    [Fact]
    public async Task A_file_in_the_way_fails_with_the_systems_error()
    {
        _pool.Folder.Write("file", []);
        Target("file/pool");
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => BuildAsync());
        Assert.Equal((StorageErrorCode.SystemError, Errno.NotDirectory), (error.Code, error.Errno));
    }

    [Fact]
    public async Task Deleting_removes_the_empty_folder_only()
    {
        Target("pool");
        await BuildAsync();
        string file = _pool.Folder.Write("pool/file", []);
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => DeleteAsync());
        Assert.Equal((StorageErrorCode.SystemError, StorageErrorDomain.Storage, Errno.NotEmpty), (error.Code, error.Domain, error.Errno));
        File.Delete(file);
        Assert.Equal(StorageErrorCode.InvalidArgument, (await Assert.ThrowsAsync<StorageException>(() => DeleteAsync(1))).Code);
        await DeleteAsync();
        Assert.Empty(_pool.Entries());
    }

    [Fact]
    public async Task A_pool_is_active_at_server_start_when_its_folder_is_there()
    {
        Assert.True(await _pool.Backend.IsActiveAsync(_pool.Context, CancellationToken.None));
        Target("none");
        Assert.False(await _pool.Backend.IsActiveAsync(_pool.Context, CancellationToken.None));
    }

    [Theory]
    [InlineData("/dev/shm", true)]
    [InlineData("/proc", false)]
    [InlineData("/nowhere", false)]
    public async Task A_running_pool_knows_whether_its_storage_is_local(string path, bool local)
    {
        _pool.Definition = _pool.Definition with { Target = new PoolTarget(path) };
        Assert.Equal(new FilePoolSession(local), await _pool.Backend.StartAsync(_pool.Context, CancellationToken.None));
        Assert.Equal(new FilePoolSession(local), await ((IPoolActivation)_pool.Backend).ResumeAsync(_pool.Context, CancellationToken.None));
    }

    [Fact]
    public void The_registry_knows_it_and_says_which_types_it_does_not_serve()
    {
        Assert.Same(DirOf(BackendRegistry.Default), BackendRegistry.Default.Find(PoolType.Dir));
        StorageException error = Assert.Throws<StorageException>(() => new BackendRegistry(_pool.Backend).Get(PoolType.Sheepdog));
        Assert.Equal((StorageErrorCode.InternalError, StorageErrorDomain.Storage), (error.Code, error.Domain));
        Assert.Contains("sheepdog", error.Message, StringComparison.Ordinal);
    }

    private static IStorageBackend DirOf(BackendRegistry registry) => registry.All.Single(backend => backend.Info.Name == "dir");

    private void Target(string name, Permissions? permissions = null) =>
        _pool.Definition = _pool.Definition with { Target = new PoolTarget(_pool.Folder[name], permissions) };

    private Task BuildAsync(uint flags = 0) => ((IPoolProvisioning)_pool.Backend).BuildAsync(_pool.Context, flags, CancellationToken.None).AsTask();

    private Task DeleteAsync(uint flags = 0) => ((IPoolProvisioning)_pool.Backend).DeleteAsync(_pool.Context, flags, CancellationToken.None).AsTask();

    private uint Mode(string name)
    {
        Assert.Equal(0, FileStatusCalls.Get(_pool.Folder[name], out FileStatus status));
        return status.PermissionBits;
    }
}
